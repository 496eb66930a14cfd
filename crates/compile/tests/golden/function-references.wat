(module
  (type $unary (func (param i32) (result i32)))
  (func (param (ref null $unary) i32) (result i32) (call_ref $unary (local.get 1) (local.get 0)))
  (func (param (ref null $unary) i32) (result i32) (return_call_ref $unary (local.get 1) (local.get 0)))
  (func $own (type $unary) (local.get 0))
  (elem declare func $own)
  (func (result (ref $unary)) (ref.func $own)))

;; ; function 0
;; function u0:0(i64 vmctx, i64, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64 vmctx, i32) -> i32 tail
;;     stack_limit = gv2
;;
;;                                 block0(v0: i64, v1: i64, v2: i32):
;;     v4 = load.i64 user16 aligned readonly v1
;;     v5 = load.i64 user16 aligned readonly v1+8
;;     v7 = icmp eq v5, v0
;;     brif v7, block3(v0), block2
;;
;;                                 block2 cold:
;;     v8 = load.i64 notrap aligned region1 v0+8
;;     store.i64 notrap aligned region1 v0, v8+24
;;     jump block3(v5)
;;
;;                                 block3(v6: i64):
;;     v9 = load.i64 notrap aligned region1 v4
;;     v10 = call_indirect sig0, v9(v6, v2)
;;     jump block1(v10)
;;
;;                                 block1(v3: i32):
;;     return v3
;; }

;; ; function 1
;; function u0:1(i64 vmctx, i64, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64 vmctx, i32) -> i32 tail
;;     stack_limit = gv2
;;
;;                                 block0(v0: i64, v1: i64, v2: i32):
;;     v4 = load.i64 notrap aligned readonly can_move v0+8
;;     v5 = load.i64 notrap aligned readonly can_move v4+8
;;     v6 = atomic_load.i32 user11 aligned v5
;;     v7 = load.i64 user16 aligned readonly v1
;;     v8 = load.i64 user16 aligned readonly v1+8
;;     v10 = icmp eq v8, v0
;;     brif v10, block3(v0), block2
;;
;;                                 block2 cold:
;;     v11 = load.i64 notrap aligned region1 v0+8
;;     store.i64 notrap aligned region1 v0, v11+24
;;     jump block3(v8)
;;
;;                                 block3(v9: i64):
;;     v12 = load.i64 notrap aligned region1 v7
;;     return_call_indirect sig0, v12(v9, v2)
;;
;;                                 block1(v3: i32):
;;     trap user1
;; }

;; ; function 2
;; function u0:2(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;     jump block1(v1)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }

;; ; function 3
;; function u0:3(i64 vmctx) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64):
;;     v2 = iconst.i64 64
;;     v3 = iadd v0, v2  ; v2 = 64
;;     jump block1(v3)
;;
;;                                 block1(v1: i64):
;;     return v1
;; }
