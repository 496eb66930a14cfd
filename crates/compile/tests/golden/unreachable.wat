(module
  ;; What cannot be reached is validated and not translated.
  (func (param i32) (result i32)
    (block (br 0) (drop (i32.add)) (loop (br 0)))
    (if (local.get 0) (then unreachable) (else (return (i32.const 1))))
    (i32.const 2)))
