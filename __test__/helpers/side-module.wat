;; An extension module of CPython as Emscripten's linker makes them: position-independent, with its memory and table slots given by
;; the main module when it is loaded. `apply(f)` adds what `f` returns to a counter, `sort(bytearray)` sorts with the C library's
;; qsort and a comparison of its own.
(module
  (@dylink.0 (mem-info (memory 144 4) (table 3 0)))
  (type $binary (func (param i32 i32) (result i32)))
  (import "env" "memory" (memory 1))
  (import "env" "__indirect_function_table" (table $functions 1 funcref))
  (import "env" "__memory_base" (global $memory i32))
  (import "env" "__table_base" (global $table i32))
  (import "env" "PyModule_Create2" (func $create (param i32 i32) (result i32)))
  (import "env" "PyObject_CallNoArgs" (func $call (param i32) (result i32)))
  (import "env" "PyLong_AsLong" (func $as_long (param i32) (result i32)))
  (import "env" "PyLong_FromLong" (func $from_long (param i32) (result i32)))
  (import "env" "PyErr_Occurred" (func $error (result i32)))
  (import "env" "PyByteArray_AsString" (func $bytes (param i32) (result i32)))
  (import "env" "PyByteArray_Size" (func $size (param i32) (result i32)))
  (import "env" "qsort" (func $qsort (param i32 i32 i32 i32)))

  ;; PyModuleDef at 0, of 52 bytes: the reference count, later name, size, methods.
  (data (global.get $memory) "\01")
  ;; PyMethodDef at 64 and 80, of 16 bytes: name, function, flags; METH_O is 8. The last one is empty.
  (data (i32.add (global.get $memory) (i32.const 72)) "\08")
  (data (i32.add (global.get $memory) (i32.const 88)) "\08")
  (data (i32.add (global.get $memory) (i32.const 112)) "side\00\00\00\00apply\00\00\00sort\00")
  (elem (global.get $table) func $apply $sort $compare)

  ;; What holds an address in memory gets it when the module's place is known.
  (func (export "__wasm_apply_data_relocs")
    (i32.store (i32.add (global.get $memory) (i32.const 20)) (i32.add (global.get $memory) (i32.const 112)))
    (i32.store (i32.add (global.get $memory) (i32.const 28)) (i32.const -1))
    (i32.store (i32.add (global.get $memory) (i32.const 32)) (i32.add (global.get $memory) (i32.const 64)))
    (i32.store (i32.add (global.get $memory) (i32.const 64)) (i32.add (global.get $memory) (i32.const 120)))
    (i32.store (i32.add (global.get $memory) (i32.const 68)) (global.get $table))
    (i32.store (i32.add (global.get $memory) (i32.const 80)) (i32.add (global.get $memory) (i32.const 128)))
    (i32.store (i32.add (global.get $memory) (i32.const 84)) (i32.add (global.get $table) (i32.const 1))))
  (func (export "PyInit_side") (result i32)
    (call $create (global.get $memory) (i32.const 1013)))

  (func $apply (type $binary) (local $result i32) (local $counter i32)
    (local.set $counter (i32.add (global.get $memory) (i32.const 136)))
    (if (i32.eqz (local.tee $result (call $call (local.get 1)))) (then (return (i32.const 0))))
    (local.set $result (call $as_long (local.get $result)))
    (if (call $error) (then (return (i32.const 0))))
    (i32.store (local.get $counter) (i32.add (i32.load (local.get $counter)) (local.get $result)))
    (call $from_long (i32.load (local.get $counter))))
  (func $sort (type $binary)
    (call $qsort (call $bytes (local.get 1)) (call $size (local.get 1)) (i32.const 1)
      (i32.add (global.get $table) (i32.const 2)))
    (call $from_long (call $size (local.get 1))))
  (func $compare (type $binary)
    (i32.sub (i32.load8_u (local.get 0)) (i32.load8_u (local.get 1)))))
