;; What costs what: each export's fuel can be counted by hand.
(module
  (memory (export "memory") 1 64)
  (table $t 64 128 funcref)
  (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func (export "leaf") (param i32) (drop (call $leaf (local.get 0))))
  (func (export "loop") (param i32)
    (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "nested") (param i32) (local i32)
    (loop
      (local.set 1 (i32.const 10))
      (loop (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "calls") (param i32)
    (loop
      (local.set 0 (call $leaf (call $leaf (i32.sub (local.get 0) (i32.const 3)))))
      (br_if 0 (local.get 0))))
  ;; 127 instructions in the loop: 120 and these.
  (func (export "heavy") (param i32)
    (loop
      nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop
      nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop
      nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop
      nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop
      nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))
      nop)) ;; the end is the last
  (func $recurse (export "recurse") (param i32)
    (if (local.get 0) (then (call $recurse (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "params") (param i32)
    local.get 0
    (loop (param i32) i32.const 1 i32.sub local.tee 0 local.get 0 br_if 0 drop))
  ;; The outer loop calls nothing, the loop within it has parameters.
  (func (export "mixed") (param i32) (local i32)
    (loop
      i32.const 4
      (loop (param i32) i32.const 1 i32.sub local.tee 1 local.get 1 br_if 0 drop)
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 7) (local.get 0)))
  (func (export "copy") (param i32)
    (loop
      (memory.copy (i32.const 0) (i32.const 100) (i32.const 2560))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "grow") (param i32)
    (loop
      (drop (memory.grow (i32.const 0)))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "table") (param i32) (table.fill $t (i32.const 0) (ref.null func) (local.get 0)))
  (func (export "trap") (param i32)
    (loop
      (drop (i32.div_u (i32.const 1) (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (br 0)))
  (func (export "forever") (param i32) (loop (br 0)))
  (func $down (export "down") (param i32) (call $down (local.get 0))))
