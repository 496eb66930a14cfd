;; Numbers of 32 bits that index memory, though what they are made of has more: the upper half never counts.

(module
  (memory 1)
  (data (i32.const 0) "\00\01\02\03\04\05\06\07\08\09\0a\0b\0c\0d\0e\0f")
  ;; A list: each node has the address of the next one and a number.
  (data (i32.const 64) "\50\00\00\00\01\00\00\00")
  (data (i32.const 80) "\48\00\00\00\02\00\00\00")
  (data (i32.const 72) "\00\00\00\00\04\00\00\00")

  (func $wrap (param i64) (result i32) (i32.wrap_i64 (local.get 0)))

  ;; A number with something above its lower half goes around a loop as an index.
  (func (export "around") (param i64 i32) (result i32) (local i32 i32)
    (local.set 2 (call $wrap (local.get 0)))
    (loop $again
      (local.set 3 (i32.add (local.get 3) (i32.load8_u (local.get 2))))
      (local.set 2 (i32.add (local.get 2) (i32.const 1)))
      (br_if $again (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
    (local.get 3))

  ;; It ends each turn as another one.
  (func (export "each") (param i64 i32) (result i32) (local i32 i32)
    (local.set 2 (i32.wrap_i64 (local.get 0)))
    (loop $again
      (local.set 3 (i32.add (local.get 3) (i32.load8_u (local.get 2))))
      (local.set 0 (i64.add (local.get 0) (i64.const 0x100000002)))
      (local.set 2 (i32.wrap_i64 (local.get 0)))
      (br_if $again (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
    (local.get 3))

  ;; Selections, also of selections.
  (func (export "select") (param i64 i64 i32) (result i32)
    (i32.load8_u
      (select
        (select (i32.wrap_i64 (local.get 0)) (call $wrap (local.get 1)) (local.get 2))
        (i32.wrap_i64 (i64.shr_u (local.get 1) (i64.const 1)))
        (i32.lt_u (local.get 2) (i32.const 2)))))

  ;; Results of blocks, of ifs and of tables.
  (func (export "blocks") (param i64 i32) (result i32)
    (i32.load8_u
      (block $a (result i32)
        (i32.add
          (block $b (result i32)
            (block $c (result i32)
              (br_table $a $b $c $a (i32.wrap_i64 (local.get 0)) (local.get 1)))
            (i32.add (i32.const 1)))
          (if (result i32) (i32.eq (local.get 1) (i32.const 2))
            (then (i32.const 10))
            (else (call $wrap (i64.shl (local.get 0) (i64.const 1)))))))))

  ;; What was loaded is where the next load is.
  (func (export "list") (param i32) (result i32) (local i32)
    (block $end
      (loop $next
        (br_if $end (i32.eqz (local.get 0)))
        (local.set 1 (i32.add (i32.shl (local.get 1) (i32.const 4)) (i32.load offset=4 (local.get 0))))
        (local.set 0 (i32.load (local.get 0)))
        (br $next)))
    (local.get 1))

  ;; An index that goes below zero is far above.
  (func (export "down") (param i32) (result i32) (local i32)
    (loop $again
      (local.set 1 (i32.load8_u (local.get 0)))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br $again))
    (local.get 1))

  ;; A loop that is left with other values than it goes on with, by a comparison of floats that is turned around; NaN is never above.
  (func (export "above") (param f64 i32) (result i32) (local i32)
    (block $found
      (loop $again
        (block $goes_on
          (br_if $goes_on (i32.eqz (f64.gt (f64.convert_i32_s (local.get 2)) (local.get 0))))
          (local.set 1 (i32.add (local.get 2) (i32.const 100)))
          (br $found))
        (local.set 2 (i32.add (local.get 2) (i32.const 1)))
        (br_if $again (i32.lt_s (local.get 2) (local.get 1)))))
    (local.get 1))

  ;; Few ranges of the index, and the others.
  (func (export "ranges") (param i32) (result i32)
    (block $d
      (block $c
        (block $b
          (block $a
            (br_table $a $a $b $b $b $c $a $d (local.get 0)))
          (return (i32.const 1)))
        (return (i32.const 2)))
      (return (i32.const 3)))
    (i32.const 4))

  (func (export "one") (param i32) (result i32)
    (block $a (br_table $a $a $a (local.get 0)))
    (i32.const 1)))

(assert_return (invoke "around" (i64.const 0x7700000003) (i32.const 4)) (i32.const 18))
(assert_return (invoke "around" (i64.const -4294967293) (i32.const 4)) (i32.const 18))
(assert_trap (invoke "around" (i64.const 0xfffff) (i32.const 1)) "out of bounds memory access")
(assert_return (invoke "each" (i64.const 0x500000001) (i32.const 4)) (i32.const 16))
(assert_return (invoke "select" (i64.const 0x900000005) (i64.const 0x900000006) (i32.const 1)) (i32.const 5))
(assert_return (invoke "select" (i64.const 0x900000005) (i64.const 0x900000006) (i32.const 0)) (i32.const 6))
(assert_trap (invoke "select" (i64.const 0x900000005) (i64.const 0x900000006) (i32.const 2)) "out of bounds memory access")
(assert_return (invoke "blocks" (i64.const 0x300000004) (i32.const 0)) (i32.const 4))
(assert_return (invoke "blocks" (i64.const 0x300000004) (i32.const 1)) (i32.const 12))
(assert_return (invoke "blocks" (i64.const 0x300000004) (i32.const 2)) (i32.const 15))
(assert_return (invoke "blocks" (i64.const 0x300000004) (i32.const 3)) (i32.const 4))
(assert_return (invoke "list" (i32.const 64)) (i32.const 0x124))
(assert_return (invoke "list" (i32.const 0)) (i32.const 0))
(assert_trap (invoke "down" (i32.const 5)) "out of bounds memory access")
(assert_return (invoke "above" (f64.const 2.5) (i32.const 10)) (i32.const 103))
(assert_return (invoke "above" (f64.const 20) (i32.const 10)) (i32.const 10))
(assert_return (invoke "above" (f64.const nan) (i32.const 10)) (i32.const 10))
(assert_return (invoke "ranges" (i32.const 0)) (i32.const 1))
(assert_return (invoke "ranges" (i32.const 1)) (i32.const 1))
(assert_return (invoke "ranges" (i32.const 2)) (i32.const 2))
(assert_return (invoke "ranges" (i32.const 4)) (i32.const 2))
(assert_return (invoke "ranges" (i32.const 5)) (i32.const 3))
(assert_return (invoke "ranges" (i32.const 6)) (i32.const 1))
(assert_return (invoke "ranges" (i32.const 7)) (i32.const 4))
(assert_return (invoke "ranges" (i32.const -1)) (i32.const 4))
(assert_return (invoke "one" (i32.const 0)) (i32.const 1))
(assert_return (invoke "one" (i32.const -1)) (i32.const 1))
