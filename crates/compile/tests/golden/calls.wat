(module
  (import "host" "f" (func $import (param i32) (result i32)))
  (func $own (param i32 i64) (result i32) (local.get 0))
  ;; A function of the module is called by its name; an imported one through its slot, and the host can ask who calls.
  (func (param i32) (result i32)
    (call $own (call $import (local.get 0)) (i64.const 2))))

;; ; function 1
;; function u0:1(i64 vmctx, i32, i64) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32, v2: i64):
;;     jump block1(v1)
;;
;;                                 block1(v3: i32):
;;     return v3
;; }

;; ; function 2
;; function u0:2(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64 vmctx, i32) -> i32 tail
;;     stack_limit = gv2
;;
;;                                 block0(v0: i64, v1: i32):
;;     v3 = load.i64 notrap aligned readonly can_move v0+8
;;     store notrap aligned region1 v0, v3+24
;;     v4 = load.i64 notrap aligned readonly can_move v0+56
;;     v5 = load.i64 notrap aligned readonly can_move v0+64
;;     v6 = load.i64 notrap aligned region1 v4
;;     v7 = call_indirect sig0, v6(v5, v1)
;;     v8 = iconst.i64 2
;;     jump block2(v7)
;;
;;                                 block2(v9: i32):
;;     jump block1(v9)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }
