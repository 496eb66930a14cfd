(module
  (tag $tag)
  (import "m" "f" (func $f))
  ;; The inner try has no handler of its own: its calls have that of the outer one.
  (func (result i32)
    try $outer (result i32)
      try
        call $f
      delegate $outer
      i32.const 1
    catch $tag
      i32.const 2
    catch_all
      rethrow $outer
    end))
