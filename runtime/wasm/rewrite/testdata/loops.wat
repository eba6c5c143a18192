;; Loops so small that what is added to them shows most.
(module
  (memory (export "memory") 2)
  (func (export "tight") (param i32) (result i32)
    (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 0))
  (func (export "while") (param i32) (result i32) (local i32)
    (block (loop
      (br_if 1 (i32.eqz (local.get 0)))
      (local.set 1 (i32.xor (local.get 1) (local.get 0)))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br 0)))
    (local.get 1))
  (func (export "bytes") (param i32) (result i32) (local i32)
    (loop
      (local.set 1 (i32.add (local.get 1) (i32.load8_u (i32.and (local.get 0) (i32.const 65535)))))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  (func (export "branches") (param i32) (result i32) (local i32)
    (loop
      (if (i32.and (local.get 0) (i32.const 3))
        (then (local.set 1 (i32.add (local.get 1) (local.get 0))))
        (else (local.set 1 (i32.mul (local.get 1) (i32.const 7)))))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  (func $other (export "other") (param i32) (result i32) (drop (call $other (i32.const 0))) (i32.const 0))
  (func (export "calls-seldom") (param i32) (result i32) (local i32)
    (loop
      (if (i32.eq (local.get 0) (i32.const -7)) (then (drop (call $other (i32.const 1)))))
      (local.set 1 (i32.add (local.get 1) (i32.load8_u (i32.and (local.get 0) (i32.const 65535)))))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  (func $leaf (param i32) (result i32) (i32.xor (i32.mul (local.get 0) (i32.const 3)) (local.get 0)))
  (func (export "leaf") (param i32) (result i32) (local i32)
    (loop
      (local.set 1 (i32.add (call $leaf (local.get 1)) (local.get 0)))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  (func $fib (param i32) (result i32)
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  ;; About as many calls as the argument says.
  (func (export "fib") (param i32) (result i32) (local i32)
    (loop
      (drop (call $fib (i32.const 15))) ;; 1973 calls
      (br_if 0 (i32.gt_s (local.tee 0 (i32.sub (local.get 0) (i32.const 1973))) (i32.const 0))))
    (local.get 0))
  (func (export "sum") (param i32) (result f64) (local f64)
    (loop
      (local.set 1 (f64.add (local.get 1) (f64.load (i32.and (local.get 0) (i32.const 65528)))))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  (func (export "dot") (param i32) (result f64) (local f64 i32)
    (loop
      (local.set 2 (i32.and (local.get 0) (i32.const 8184)))
      (local.set 1 (f64.add (local.get 1) (f64.mul (f64.load (local.get 2)) (f64.load offset=65536 (local.get 2)))))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  (func (export "polynomial") (param i32) (result f64) (local f64 f64)
    (loop
      (local.set 2 (f64.convert_i32_s (local.get 0)))
      (local.set 1 (f64.add (local.get 1)
        (f64.sub (f64.mul (f64.add (f64.mul (f64.add (f64.mul (local.get 2) (f64.const 0.5)) (f64.const 1.5)) (local.get 2)) (f64.const 2.5)) (local.get 2)) (f64.const 0.25))))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  (func (export "vectors") (param i32) (result f32) (local v128 i32)
    (loop
      (local.set 2 (i32.and (local.get 0) (i32.const 8176)))
      (local.set 1 (f32x4.add (local.get 1) (f32x4.mul (v128.load (local.get 2)) (v128.load offset=65536 (local.get 2)))))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (f32x4.extract_lane 0 (local.get 1))))
