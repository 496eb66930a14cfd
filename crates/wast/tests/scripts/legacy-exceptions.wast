;; The older encoding of exceptions: try, catch, catch_all, rethrow and delegate.

(module $thrower
  (tag $shared (export "shared") (param i32))
  (func (export "throw") (param i32) (throw $shared (local.get 0)))
  (func (export "throw_if") (param i32)
    (if (local.get 0) (then (throw $shared (local.get 0)))))
)
(register "thrower" $thrower)

(module
  (tag $shared (import "thrower" "shared") (param i32))
  (func $throw (import "thrower" "throw") (param i32))
  (func $throw_if (import "thrower" "throw_if") (param i32))
  (tag $empty)
  (tag $other)
  (tag $many (param i32 i64 f32 f64 v128 externref))
  (global $trail (mut i32) (i32.const 0))

  ;; Appends a decimal digit to what happened.
  (func $note (param i32)
    (global.set $trail (i32.add (i32.mul (global.get $trail) (i32.const 10)) (local.get 0))))
  (func (export "trail") (result i32) (global.get $trail) (global.set $trail (i32.const 0)))

  (func $pick (param i32)
    (block (block (block (block (br_table 0 1 2 3 (local.get 0))) (throw $empty)) (throw $other))
      (throw $shared (i32.const 70))))

  ;; Clauses

  (func (export "clauses") (param i32) (result i32)
    try (result i32)
      (call $pick (local.get 0)) (i32.const 1)
    catch $empty (i32.const 2)
    catch $shared (i32.add (i32.const 3))
    catch_all (i32.const 4) end)

  (func (export "thrown inside") (param i32) (result i32)
    try (result i32)
      (if (local.get 0) (then (throw $shared (local.get 0)))) (i32.const -1)
    catch $empty (i32.const -2)
    catch $shared end)

  (func (export "first clause wins") (result i32)
    try (result i32)
      (throw $empty)
    catch $empty (i32.const 1)
    catch $empty (i32.const 2)
    catch_all (i32.const 3) end)

  (func (export "not for its own clauses") (result i32)
    try (result i32)
      try (result i32)
        (throw $empty)
      catch $empty (throw $other)
      catch $other (i32.const 1)
      catch_all (i32.const 2) end
    catch $other (i32.const 3) end)

  (func (export "no clauses") (param i32) (result i32)
    try (result i32)
      try (result i32) (call $throw_if (local.get 0)) (i32.const 1) end
    catch $shared end)

  (func (export "all values") (param externref) (result i32 i64 f32 f64 v128 externref)
    try (result i32 i64 f32 f64 v128 externref)
      (throw $many (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4)
        (v128.const i32x4 5 6 7 8) (local.get 0))
    catch $many end)

  (func (export "operands below") (param i32) (result i32)
    (i32.const 100)
    try (param i32) (result i32)
      (call $throw (local.get 0))
    catch $shared end
    (i32.sub (i32.const 1)))

  (func (export "locals as they were when it was thrown") (param i32) (result i32)
    (local $n i32)
    try
      (local.set $n (i32.const 1))
      (call $throw_if (i32.eq (local.get 0) (i32.const 1)))
      (local.set $n (i32.const 2))
      (call $throw_if (i32.eq (local.get 0) (i32.const 2)))
      (local.set $n (i32.const 3))
    catch_all (local.set $n (i32.add (local.get $n) (i32.const 10))) end
    (local.get $n))

  (func (export "in a loop") (param i32) (result i32)
    (local $sum i32)
    (loop $again
      try
        (call $throw_if (local.get 0))
      catch $shared
        (local.set $sum (i32.add (local.get $sum)))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (br $again) end)
    (local.get $sum))

  (func (export "traps pass") try (unreachable) catch_all end)
  (func $divide (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
  (func (export "traps of callees pass") (param i32) (result i32)
    try (result i32) (call $divide (local.get 0)) catch_all (i32.const 9) end)

  (func (export "branches out") (param i32) (result i32)
    (block $out (result i32)
      try (result i32)
        (br_if $out (i32.const 1) (i32.eqz (local.get 0))) (drop) (throw $empty)
      catch $empty (br $out (i32.const 2)) end))

  (func (export "returns from a clause") (result i32)
    try (throw $empty) catch $empty (return (i32.const 5)) end
    (i32.const 6))

  (func (export "dead code") (result i32)
    (block $out (result i32)
      (br $out (i32.const 7))
      try (throw $empty) catch $empty (rethrow 0) catch_all (unreachable) end
      try (unreachable) delegate 0
      (i32.const 8)))

  (func (export "clauses without a way to them") (result i32)
    try (result i32)
      (i32.const 1)
    catch $shared (drop) (i32.const 2)
    catch_all (rethrow 0) end)

  ;; rethrow

  (func (export "rethrow") (param i32) (result i32)
    try (result i32)
      try (result i32)
        (call $throw (local.get 0)) (i32.const 0)
      catch $shared (drop) (call $note (i32.const 1)) (rethrow 0) end
    catch $shared (call $note (i32.const 2)) end)

  (func (export "rethrow the outer one") (result i32)
    try (result i32)
      try (result i32)
        (call $throw (i32.const 1)) (i32.const 0)
      catch $shared
        (drop)
        try (result i32)
          (call $throw (i32.const 2)) (i32.const 0)
        catch_all (rethrow 1) end end
    catch $shared end)

  (func (export "rethrow through blocks") (result i32)
    try (result i32)
      try
        (throw $shared (i32.const 3))
      catch_all (block (loop (block (rethrow 3)))) end
      (i32.const 0)
    catch $shared end)

  (func (export "rethrow what nobody catches")
    try (throw $shared (i32.const 4)) catch_all (rethrow 0) end)

  ;; delegate

  (func (export "delegate") (param i32) (result i32)
    try $outer (result i32)
      try (result i32)
        try (result i32)
          (call $throw_if (local.get 0)) (i32.const 1)
        delegate $outer
      catch_all (i32.const 2) end
    catch $shared (i32.const 3) (i32.add) end)

  (func (export "delegate to the next") (result i32)
    try (result i32)
      try (result i32) (throw $empty) delegate 0
    catch_all (i32.const 1) end)

  (func (export "delegate to a block") (result i32)
    try (result i32)
      (block $block try (throw $empty) delegate $block)
      (i32.const 0)
    catch $empty (i32.const 1) end)

  (func (export "delegate to the caller")
    try try (throw $empty) delegate 1 catch_all end)

  (func (export "delegate from a clause") (result i32)
    try $outer (result i32)
      try $inner (result i32)
        (throw $empty)
      catch $empty
        try (result i32) (throw $other) delegate $inner
      catch_all (i32.const 1) end
    catch $other (i32.const 2) end)

  (func (export "delegate to one that delegates") (result i32)
    try $a (result i32)
      try $b (result i32)
        try $c (result i32)
          try (result i32) (call $throw (i32.const 6)) (i32.const 0) delegate $c
        delegate $a
      catch_all (i32.const 1) end
    catch $shared end)

  (func (export "only what is inside") (result i32)
    try $outer (result i32)
      try (result i32)
        (block $out try (br $out) delegate $outer)
        (throw $empty)
      catch $empty (i32.const 1) end
    catch_all (i32.const 2) end)

  ;; Tail calls have left the function, and with it each try.

  (func $raise (throw $empty))
  (table funcref (elem $raise))
  (func (export "tail call") try (return_call $raise) catch_all end)
  (func (export "indirect tail call")
    try (return_call_indirect (i32.const 0)) catch_all end)
  (func (export "tail call from a clause") (result i32)
    try (throw $empty) catch $empty (return_call $answer) end
    (i32.const 1))
  (func $answer (result i32) (i32.const 42))

  ;; Beside the newer encoding

  (func (export "new inside old") (result i32)
    try (result i32)
      (block $other
        (try_table (catch $other $other) (call $throw (i32.const 8))))
      (i32.const 0)
    catch $shared (i32.const 1) (i32.add) end)

  (func (export "old inside new") (result i32)
    (block $caught (result i32)
      (try_table (result i32) (catch $shared $caught)
        try (result i32)
          (call $throw (i32.const 8)) (i32.const 0)
        catch $other (i32.const 1) end)))

  (func (export "an exnref of what was rethrown") (result i32)
    try (result i32)
      (block $caught (result exnref)
        (try_table (result exnref) (catch_all_ref $caught)
          try (call $throw (i32.const 9)) catch_all (rethrow 0) end
          (ref.null exn)))
      (throw_ref)
    catch $shared end)
)

(assert_return (invoke "clauses" (i32.const 0)) (i32.const 2))
(assert_return (invoke "clauses" (i32.const 1)) (i32.const 4))
(assert_return (invoke "clauses" (i32.const 2)) (i32.const 73))
(assert_return (invoke "clauses" (i32.const 3)) (i32.const 1))
(assert_return (invoke "thrown inside" (i32.const 0)) (i32.const -1))
(assert_return (invoke "thrown inside" (i32.const 12)) (i32.const 12))
(assert_return (invoke "first clause wins") (i32.const 1))
(assert_return (invoke "not for its own clauses") (i32.const 3))
(assert_return (invoke "no clauses" (i32.const 0)) (i32.const 1))
(assert_return (invoke "no clauses" (i32.const 5)) (i32.const 5))
(assert_return (invoke "all values" (ref.extern 3))
  (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4) (v128.const i32x4 5 6 7 8) (ref.extern 3))
(assert_return (invoke "operands below" (i32.const 30)) (i32.const 29))
(assert_return (invoke "locals as they were when it was thrown" (i32.const 0)) (i32.const 3))
(assert_return (invoke "locals as they were when it was thrown" (i32.const 1)) (i32.const 11))
(assert_return (invoke "locals as they were when it was thrown" (i32.const 2)) (i32.const 12))
(assert_return (invoke "in a loop" (i32.const 4)) (i32.const 10))
(assert_trap (invoke "traps pass") "unreachable")
(assert_trap (invoke "traps of callees pass" (i32.const 0)) "integer divide by zero")
(assert_return (invoke "traps of callees pass" (i32.const 1)) (i32.const 1))
(assert_return (invoke "branches out" (i32.const 0)) (i32.const 1))
(assert_return (invoke "branches out" (i32.const 1)) (i32.const 2))
(assert_return (invoke "returns from a clause") (i32.const 5))
(assert_return (invoke "dead code") (i32.const 7))
(assert_return (invoke "clauses without a way to them") (i32.const 1))

(assert_return (invoke "rethrow" (i32.const 11)) (i32.const 11))
(assert_return (invoke "trail") (i32.const 12))
(assert_return (invoke "rethrow the outer one") (i32.const 1))
(assert_return (invoke "rethrow through blocks") (i32.const 3))
(assert_exception (invoke "rethrow what nobody catches"))

(assert_return (invoke "delegate" (i32.const 0)) (i32.const 1))
(assert_return (invoke "delegate" (i32.const 5)) (i32.const 8))
(assert_return (invoke "delegate to the next") (i32.const 1))
(assert_return (invoke "delegate to a block") (i32.const 1))
(assert_exception (invoke "delegate to the caller"))
(assert_return (invoke "delegate from a clause") (i32.const 2))
(assert_return (invoke "delegate to one that delegates") (i32.const 6))
(assert_return (invoke "only what is inside") (i32.const 1))

(assert_exception (invoke "tail call"))
(assert_exception (invoke "indirect tail call"))
(assert_return (invoke "tail call from a clause") (i32.const 42))

(assert_return (invoke "new inside old") (i32.const 9))
(assert_return (invoke "old inside new") (i32.const 8))
(assert_return (invoke "an exnref of what was rethrown") (i32.const 9))

;; Deep: the handler is a thousand frames up.

(module
  (tag $bottom (param i64))
  (func $dive (param i64)
    (if (i64.eqz (local.get 0)) (then (throw $bottom (i64.const 77))))
    (call $dive (i64.sub (local.get 0) (i64.const 1))))
  (func $dive_and_rethrow (param i64)
    (if (i64.eqz (local.get 0)) (then (throw $bottom (i64.const 78))))
    try
      (call $dive_and_rethrow (i64.sub (local.get 0) (i64.const 1)))
    catch_all (rethrow 0) end)
  (func (export "dive") (param i64) (result i64)
    try (result i64) (call $dive (local.get 0)) (i64.const 0) catch $bottom end)
  (func (export "dive and rethrow") (param i64) (result i64)
    try (result i64) (call $dive_and_rethrow (local.get 0)) (i64.const 0) catch $bottom end)
)
(assert_return (invoke "dive" (i64.const 1000)) (i64.const 77))
(assert_return (invoke "dive and rethrow" (i64.const 1000)) (i64.const 78))

;; A tag of the same type is another tag.

(module
  (func $throw (import "thrower" "throw") (param i32))
  (tag $own (param i32))
  (func (export "other tag") (result i32)
    try (result i32)
      try (result i32) (call $throw (i32.const 1)) (i32.const 0) catch $own end
    catch_all (i32.const 3) end)
)
(assert_return (invoke "other tag") (i32.const 3))

;; What is not a module

(assert_invalid (module (func (result i32) try (result i32)  end)) "type mismatch")
(assert_invalid (module (tag) (func try  catch 0 (i32.const 1) end)) "type mismatch")
(assert_invalid (module (tag (param i64)) (func (result i32) try (result i32) (i32.const 1) catch 0 end))
  "type mismatch")
(assert_invalid (module (func try  catch_all (i32.const 1) end)) "type mismatch")
(assert_invalid (module (func try  catch 0 end)) "unknown tag")
(assert_invalid (module (func try  delegate 1)) "unknown label")
(assert_invalid (module (func (rethrow 0))) "invalid rethrow label")
(assert_invalid (module (func try (rethrow 0) catch_all end)) "invalid rethrow label")
(assert_invalid (module (tag (param i32)) (func (throw 0))) "type mismatch")
