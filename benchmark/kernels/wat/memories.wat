;; The same sum over memories with 32-bit and with 64-bit addresses, and atomic operations on a shared one.
(module
  (memory $narrow 16)
  (memory $wide i64 16)
  (memory $shared 1 1 shared)
  (func (export "narrow") (param $n i32) (result i32) (local $at i32) (local $sum i32)
    (loop $again
      (local.set $at (i32.const 0))
      (loop $next
        (local.set $sum (i32.add (local.get $sum) (i32.load $narrow (local.get $at))))
        (i32.store $narrow (local.get $at) (local.get $sum))
        (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 1048576))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "wide") (param $n i32) (result i32) (local $at i64) (local $sum i32)
    (loop $again
      (local.set $at (i64.const 0))
      (loop $next
        (local.set $sum (i32.add (local.get $sum) (i32.load $wide (local.get $at))))
        (i32.store $wide (local.get $at) (local.get $sum))
        (br_if $next (i64.lt_u (local.tee $at (i64.add (local.get $at) (i64.const 4))) (i64.const 1048576))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "atomics") (param $n i32) (result i32)
    (loop $next
      (drop (i32.atomic.rmw.add $shared (i32.const 0) (i32.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.atomic.load $shared (i32.const 0)))
  (func (export "stores") (param $n i32) (result i32)
    (loop $next
      (i32.atomic.store $shared (i32.const 0) (local.get $n))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.atomic.load $shared (i32.const 0)))
  (func (export "loads") (param $n i32) (result i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.atomic.load $shared (i32.const 0))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "notify") (param $n i32) (result i32) (local $woken i32)
    (loop $next
      (local.set $woken (i32.add (local.get $woken) (memory.atomic.notify $shared (i32.const 0) (i32.const 1))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $woken)))
