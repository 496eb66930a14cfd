;;! checked
(module
  (memory i64 1)
  ;; The sum of address and offset may be more than 64 bits hold.
  (func (param i64) (result i32) (i32.load offset=0xfffffffffffffff0 (local.get 0)))
  (func (param i64) (result i64) (i64.load offset=8 (local.get 0)))
  (func (param i64) (result i64) (memory.grow (local.get 0))))

;; ; function 0
;; function u0:0(i64 vmctx, i64) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i64):
;;     v3 = load.i64 notrap aligned readonly can_move v0+72
;;     v4 = load.i64 notrap aligned region1 v3
;;     v5 = load.i64 notrap aligned readonly can_move v0+72
;;     v6 = load.i64 notrap aligned region1 v5+8
;;     v7 = iconst.i64 -12
;;     v8 = uadd_overflow_trap v1, v7, heap_oob  ; v7 = -12
;;     v9 = icmp ugt v8, v6
;;     trapnz v9, heap_oob
;;     v10 = iadd v4, v1
;;     v11 = iconst.i64 -16
;;     v12 = iadd v10, v11  ; v11 = -16
;;     v13 = load.i32 little region3 v12
;;     jump block1(v13)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }

;; ; function 1
;; function u0:1(i64 vmctx, i64) -> i64 tail {
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

;; ; function 2
;; function u0:2(i64 vmctx, i64) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64, i32, i64) -> i64 system_v
;;
;;                                 block0(v0: i64, v1: i64):
;;     v3 = iconst.i32 0
;;     v4 = load.i64 notrap aligned readonly can_move v0+16
;;     v5 = load.i64 notrap aligned readonly can_move v4+8
;;     v6 = call_indirect sig0, v5(v0, v3, v1)  ; v3 = 0
;;     jump block1(v6)
;;
;;                                 block1(v2: i64):
;;     return v2
;; }
