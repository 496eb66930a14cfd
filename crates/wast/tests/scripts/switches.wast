;; Loops that begin with a switch, as Go's compiler makes them: where the number is known, jumps need not go through it.

(module
  (tag $t (param i32))

  ;; The sum of the numbers below a limit, from any of its parts on.
  (func (export "sum") (param i32 i32) (result i32) (local i32 i32)
    (loop $again
      (block $done
        (block $body
          (block $test
            (block $start
              (br_table $start $test $body $done (local.get 0)))
            (local.set 2 (i32.const 0))
            (local.set 3 (i32.const 0))
            (local.set 0 (i32.const 1))
            (br $again))
          (if (i32.lt_u (local.get 3) (local.get 1))
            (then (local.set 0 (i32.const 2)) (br $again)))
          (local.set 0 (i32.const 3))
          (br $again))
        (local.set 2 (i32.add (local.get 2) (local.get 3)))
        (local.set 3 (i32.add (local.get 3) (i32.const 1)))
        (local.set 0 (i32.const 1))
        (br $again))
      (return (local.get 2)))
    (unreachable))

  ;; A number that only turns out when the code runs, and numbers beyond the table.
  (func (export "collatz") (param i32 i32) (result i32) (local i32)
    (loop $again
      (block $other
        (block $odd
          (block $even
            (br_table $even $odd $other (local.get 0)))
          (local.set 1 (i32.shr_u (local.get 1) (i32.const 1)))
          (local.set 0 (i32.const 1000))
          (br $again))
        (local.set 1 (i32.add (i32.mul (local.get 1) (i32.const 3)) (i32.const 1)))
        (local.set 0 (i32.const -1))
        (br $again))
      (if (i32.gt_u (local.get 1) (i32.const 1))
        (then
          (local.set 2 (i32.add (local.get 2) (i32.const 1)))
          (local.set 0 (i32.and (local.get 1) (i32.const 1)))
          (br $again))))
    (local.get 2))

  ;; What is not the first thing in the loop counts each time.
  (func (export "visits") (param i32) (result i32) (local i32 i32)
    (loop $again
      (local.set 1 (i32.add (local.get 1) (i32.const 1)))
      (block $b (block $a (br_table $a $b (local.get 2))) (local.set 2 (i32.const 1)) (br $again))
      (if (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))
        (then (local.set 2 (i32.const 0)) (br $again))))
    (local.get 1))

  ;; A loop with a parameter: what a branch takes with it is not lost.
  (func (export "carry") (param i32) (result i32) (local i32)
    (i32.const 0)
    (loop $again (param i32) (result i32)
      (block $b (block $a (br_table $a $b (local.get 1))) (local.set 1 (i32.const 1)))
      (i32.add (local.get 0))
      (if (param i32) (result i32) (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))
        (then (local.set 1 (i32.const 1)) (br $again)))))

  ;; A switch within a switch, jumps out of both, and out of a block that catches.
  (func (export "nested") (param i32) (result i32) (local i32 i32 i32)
    (loop $outer
      (block $end
        (block $work
          (block $first
            (br_table $first $work $end (local.get 1)))
          (local.set 2 (i32.const 0))
          (local.set 1 (i32.const 1))
          (br $outer))
        (loop $inner
          (block $leave
            (block $add
              (br_table $add $leave (local.get 2)))
            (local.set 3 (i32.add (local.get 3) (local.get 0)))
            (drop (block $caught (result i32)
              (try_table (catch $t $caught)
                (if (i32.eqz (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))
                  (then (local.set 1 (i32.const 2)) (br $outer)))
                (if (i32.and (local.get 0) (i32.const 1)) (then (throw $t (local.get 0))))
                (local.set 2 (i32.const 1))
                (br $inner))
              (unreachable)))
            (local.set 2 (i32.const 0))
            (br $inner))
          (local.set 1 (i32.const 0))
          (br $outer))))
    (local.get 3))

  ;; The switch leads back to its own loop.
  (func (export "self") (param i32) (result i32) (local i32)
    (loop $again
      (block $a
        (br_table $a $again (local.get 1)))
      (if (local.get 0)
        (then
          (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
          (local.set 1 (i32.const 0))
          (br $again))))
    (local.get 0)))

(assert_return (invoke "sum" (i32.const 0) (i32.const 10)) (i32.const 45))
(assert_return (invoke "sum" (i32.const 0) (i32.const 0)) (i32.const 0))
(assert_return (invoke "sum" (i32.const 1) (i32.const 5)) (i32.const 10))
(assert_return (invoke "sum" (i32.const 2) (i32.const 7)) (i32.const 21))
(assert_return (invoke "sum" (i32.const 3) (i32.const 5)) (i32.const 0))
(assert_return (invoke "sum" (i32.const -1) (i32.const 5)) (i32.const 0))
(assert_return (invoke "collatz" (i32.const 2) (i32.const 27)) (i32.const 111))
(assert_return (invoke "collatz" (i32.const 0) (i32.const 54)) (i32.const 111))
(assert_return (invoke "collatz" (i32.const 1) (i32.const 9)) (i32.const 18))
(assert_return (invoke "visits" (i32.const 1)) (i32.const 2))
(assert_return (invoke "visits" (i32.const 5)) (i32.const 10))
(assert_return (invoke "carry" (i32.const 4)) (i32.const 10))
(assert_return (invoke "nested" (i32.const 6)) (i32.const 21))
(assert_return (invoke "nested" (i32.const 1)) (i32.const 1))
(assert_return (invoke "self" (i32.const 9)) (i32.const 0))
