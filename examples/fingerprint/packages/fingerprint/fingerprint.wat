;; Package A: the fingerprint of the bytes in its memory, made with package B.
(module
  (import "mix" "begin" (func $begin (result i32)))
  (import "mix" "mix" (func $mix (param $state i32) (param $value i32) (result i32)))
  (memory (export "memory") 1)

  (func (export "fingerprint") (param $start i32) (param $length i32) (result i32)
    (local $state i32) (local $end i32)
    (local.set $state (call $begin))
    (local.set $end (i32.add (local.get $start) (local.get $length)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $start) (local.get $end)))
        (local.set $state (call $mix (local.get $state) (i32.load8_u (local.get $start))))
        (local.set $start (i32.add (local.get $start) (i32.const 1)))
        (br $next)))
    (call $mix (local.get $state) (local.get $length))))
