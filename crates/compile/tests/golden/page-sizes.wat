(module
  (memory 10 20 (pagesize 1))
  ;; The end may be at any byte, so that no guard can be there.
  (func (param i32) (result i64) (i64.load offset=3 (local.get 0)))
  (func (result i32) (memory.size))
  (func (param i32) (result i32) (memory.grow (local.get 0))))

;; ; function 0
;; function u0:0(i64 vmctx, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned readonly can_move v0+72
;;     v5 = load.i64 notrap aligned region1 v4
;;     v6 = load.i64 notrap aligned readonly can_move v0+72
;;     v7 = load.i64 notrap aligned region1 v6+8
;;     v8 = iconst.i64 11
;;     v9 = iadd v3, v8  ; v8 = 11
;;     v10 = icmp ugt v9, v7
;;     trapnz v10, heap_oob
;;     v11 = iadd v5, v3
;;     v12 = load.i64 little region3 v11+3
;;     jump block1(v12)
;;
;;                                 block1(v2: i64):
;;     return v2
;; }

;; ; function 1
;; function u0:1(i64 vmctx) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64):
;;     v2 = load.i64 notrap aligned readonly can_move v0+72
;;     v3 = load.i64 notrap aligned region1 v2+8
;;     v4 = iconst.i64 0
;;     v5 = ushr v3, v4  ; v4 = 0
;;     v6 = ireduce.i32 v5
;;     jump block1(v6)
;;
;;                                 block1(v1: i32):
;;     return v1
;; }

;; ; function 2
;; function u0:2(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64, i32, i64) -> i64 system_v
;;
;;                                 block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iconst.i32 0
;;     v5 = load.i64 notrap aligned readonly can_move v0+16
;;     v6 = load.i64 notrap aligned readonly can_move v5+8
;;     v7 = call_indirect sig0, v6(v0, v4, v3)  ; v4 = 0
;;     v8 = ireduce.i32 v7
;;     jump block1(v8)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }
