;; Package B: mixes numbers (the finalizer of MurmurHash3), beginning with a salt that the host knows.
(module
  (import "fingerprint-host" "salt" (func $salt (result i32)))
  (import "fingerprint-host" "progress" (func $progress (param $mixed i32)))
  (global $mixed (mut i32) (i32.const 0))

  (func (export "steps") (result i32) (global.get $mixed))

  (func (export "begin") (result i32)
    (global.set $mixed (i32.const 0))
    (call $salt))

  (func (export "mix") (param $state i32) (param $value i32) (result i32)
    (global.set $mixed (i32.add (global.get $mixed) (i32.const 1)))
    (if (i32.eqz (i32.and (global.get $mixed) (i32.const 1023)))
      (then (call $progress (global.get $mixed))))
    (local.set $state (i32.xor (local.get $state) (local.get $value)))
    (local.set $state (i32.mul (i32.xor (local.get $state) (i32.shr_u (local.get $state) (i32.const 16))) (i32.const 0x85ebca6b)))
    (local.set $state (i32.mul (i32.xor (local.get $state) (i32.shr_u (local.get $state) (i32.const 13))) (i32.const 0xc2b2ae35)))
    (i32.xor (local.get $state) (i32.shr_u (local.get $state) (i32.const 16)))))
