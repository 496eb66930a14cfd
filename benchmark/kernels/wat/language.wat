;; What came with WebAssembly 3.0 and threads, each in a loop. Compiled by the engine's own tools when the benchmark runs.
(module
  (type $tree (struct (field (ref null $tree)) (field (ref null $tree))))
  (tag $error (param i32))
  (global $kept (mut (ref null $tree)) (ref.null $tree))

  (func $make (param $depth i32) (result (ref $tree))
    (if (result (ref $tree)) (i32.eqz (local.get $depth))
      (then (struct.new $tree (ref.null $tree) (ref.null $tree)))
      (else
        (struct.new $tree
          (call $make (i32.sub (local.get $depth) (i32.const 1)))
          (call $make (i32.sub (local.get $depth) (i32.const 1)))))))
  (func $count (param $tree (ref null $tree)) (result i32)
    (if (result i32) (ref.is_null (local.get $tree))
      (then (i32.const 0))
      (else
        (i32.add
          (i32.const 1)
          (i32.add
            (call $count (struct.get $tree 0 (local.get $tree)))
            (call $count (struct.get $tree 1 (local.get $tree))))))))
  (func (export "allocate") (param $n i32) (result i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (call $count (call $make (i32.const 14)))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "keep") (param $depth i32) (global.set $kept (call $make (local.get $depth))))
  (func (export "chase") (param $n i32) (result i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (call $count (global.get $kept))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))

  (func $mayThrow (param $n i32) (param $mask i32) (result i32)
    (if (i32.eqz (i32.and (local.get $n) (local.get $mask))) (then (throw $error (local.get $n))))
    (local.get $n))
  ;; $mask says how often: 0 each time, -1 never but at the end.
  (func (export "try") (param $n i32) (param $mask i32) (result i32) (local $sum i32)
    (loop $next
      (block $caught (result i32)
        (try_table (result i32) (catch $error $caught) (call $mayThrow (local.get $n) (local.get $mask))))
      (local.set $sum (i32.add (local.get $sum)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))

  (func $tail (export "tail") (param $n i32) (param $sum i32) (result i32)
    (if (i32.eqz (local.get $n)) (then (return (local.get $sum))))
    (return_call $tail (i32.sub (local.get $n) (i32.const 1)) (i32.add (local.get $sum) (local.get $n)))))
