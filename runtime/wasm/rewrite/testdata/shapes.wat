;; Control flow that compilers seldom make.
(module
  (type $pair (func (result i32 i64)))
  (type $step (func (param i32 i32) (result i32 i32)))
  (memory (export "memory") 1)
  (table $t 4 funcref)
  (global $g (mut i32) (i32.const 3))
  (global $h (mut i64) (i64.const 4))
  (global $x (mut f32) (f32.const 1.5))
  (global $y (mut f64) (f64.const 2.5))
  (global $c i32 (i32.const 9))
  (elem (i32.const 0) $leaf $odd $even $leaf)
  (data (i32.const 16) "hearth")
  (start $init)

  (func $init (global.set $g (i32.const 41)))
  (func $leaf (param i32) (result i32) (i32.add (local.get 0) (global.get $c)))

  ;; Mutual recursion through direct calls.
  (func $even (export "even") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1)) (else (call $odd (i32.sub (local.get 0) (i32.const 1))))))
  (func $odd (export "odd") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
    (call $even (i32.sub (local.get 0) (i32.const 1))))

  ;; Several results, by falling out, by branch and by return.
  (func $several (type $pair)
    (br_if 0 (i32.const 1) (i64.const 2) (i32.eq (global.get $g) (i32.const 1)))
    drop drop
    (if (i32.eq (global.get $g) (i32.const 2)) (then (return (i32.const 3) (i64.const 4))))
    (global.set $h (i64.add (global.get $h) (i64.const 1)))
    (call $leaf (i32.const 5)) (global.get $h))
  (func (export "several") (param i32) (result i64)
    (local i64)
    (global.set $g (local.get 0))
    (call $several) (local.set 1) (i64.extend_i32_u) (local.get 1) (i64.add))

  ;; A loop with parameters and results, in a loop without.
  (func (export "euclid") (param i32) (result i32)
    (local $sum i32) (local $a i32) (local $b i32) (local $t i32)
    (loop $outer
      (i32.mul (local.get 0) (i32.const 12)) (i32.const 18)
      (loop $l (type $step)
        (local.set $b) (local.set $a)
        (local.get $b) (i32.rem_u (local.get $a) (local.get $b)) (local.set $t)
        (local.get $t)
        (br_if $l (local.get $t)))
      drop
      local.get $sum i32.add local.set $sum
      (br_if $outer (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get $sum))

  ;; Branches out of several loops at once, and to loops from inside others.
  (func (export "escape") (param $n i32) (result i32)
    (local $i i32) (local $j i32) (local $k i32) (local $s i32)
    (block $out (result i32)
      (loop $a
        (local.set $j (i32.const 0))
        (loop $b
          (local.set $k (i32.const 0))
          (loop $c
            (br_if $out (local.get $s) (i32.gt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n)))
            drop
            (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 5)) (local.get $k)))
            (block $x
              (block $y
                (br_table $x $c $b $a $y $x (i32.and (i32.xor (local.tee $k (i32.add (local.get $k) (i32.const 1))) (local.get $i)) (i32.const 7))))
              (br_if $out (i32.const -2) (i32.eq (local.get $i) (i32.const 777)))
              drop)
            (br_if $c (i32.lt_u (local.get $k) (i32.const 20))))
          (if (i32.gt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 9))
            (then (if (i32.gt_u (local.get $i) (i32.const 1000)) (then (return (i32.const -1))))))
          (br_if $b (i32.lt_u (local.get $j) (i32.const 7))))
        (br_if $a (i32.lt_u (local.get $i) (local.get $n))))
      (local.get $s)))

  ;; Code that is never reached, with an operand stack that is anything.
  (func (export "dead") (param i32) (result f64)
    (block (result f64)
      (br 0 (f64.const 4))
      f64.add
      (loop (result f64) unreachable f64.mul (br 1))
      drop drop
      (if (result f64) (then unreachable) (else (f64.const 1)))
      (f64.const 2)
      (select (i32.const 1))
      f64.sqrt)
    (loop (param f64) (result f64)
      (f64.add (f64.const 1))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))

  ;; Reads and writes through the table; floats in globals.
  (func (export "table") (param i32) (result i32)
    (call_indirect (param i32) (result i32) (local.get 0) (i32.and (local.get 0) (i32.const 3))))
  (func (export "globals") (param i32) (result f64)
    (global.set $x (f32.div (f32.convert_i32_u (local.get 0)) (global.get $x)))
    (global.set $y (f64.sub (global.get $y) (f64.promote_f32 (global.get $x))))
    (f64.mul (global.get $y) (f64.load (i32.const 16))))

  (func $trap (export "trap") (param i32) (result i32)
    (loop
      (i32.store (local.get 0) (global.get $g))
      (global.set $g (i32.add (global.get $g) (i32.const 1)))
      (local.set 0 (i32.add (local.get 0) (i32.const 1024)))
      (br 0))
    unreachable))
