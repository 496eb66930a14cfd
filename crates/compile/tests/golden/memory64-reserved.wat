(module
  (memory i64 1)
  (func (param i64) (result i64) (i64.load offset=8 (local.get 0)))
  (func (param i64 v128) (v128.store offset=0x1_0000_0000 (local.get 0) (local.get 1))))

;; ; function 0
;; function u0:0(i64 vmctx, i64) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i64):
;;     v3 = load.i64 notrap aligned readonly can_move v0+72
;;     v4 = load.i64 notrap aligned region1 v3
;;     v5 = load.i64 notrap aligned readonly can_move v0+72
;;     v6 = load.i64 notrap aligned region1 v5+8
;;     v7 = iconst.i64 16
;;     v8 = uadd_overflow_trap v1, v7, heap_oob  ; v7 = 16
;;     v9 = icmp ugt v8, v6
;;     trapnz v9, heap_oob
;;     v10 = iadd v4, v1
;;     v11 = load.i64 little region3 v10+8
;;     jump block1(v11)
;;
;;                                 block1(v2: i64):
;;     return v2
;; }

;; ; function 1
;; function u0:1(i64 vmctx, i64, i8x16) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i64, v2: i8x16):
;;     v3 = load.i64 notrap aligned readonly can_move v0+72
;;     v4 = load.i64 notrap aligned region1 v3
;;     v5 = load.i64 notrap aligned readonly can_move v0+72
;;     v6 = load.i64 notrap aligned region1 v5+8
;;     v7 = iconst.i64 0x0001_0000_0010
;;     v8 = uadd_overflow_trap v1, v7, heap_oob  ; v7 = 0x0001_0000_0010
;;     v9 = icmp ugt v8, v6
;;     trapnz v9, heap_oob
;;     v10 = iadd v4, v1
;;     v11 = iconst.i64 0x0001_0000_0000
;;     v12 = iadd v10, v11  ; v11 = 0x0001_0000_0000
;;     store little region3 v2, v12
;;     jump block1
;;
;;                                 block1:
;;     return
;; }
