(module
  (tag $small (param i32 i64))
  (import "m" "f" (func $f (param i32)))
  (func $callee (param i64))
  (func (param i32 i64) (throw $small (local.get 0) (local.get 1)))
  ;; One handler for both calls, which compares tags; what is thrown inside is a jump to it.
  (func (param i32) (result i32 i64)
    (block $caught (result i32 i64)
      (try_table (catch $small $caught)
        (call $f (local.get 0))
        (call $callee (i64.const 1))
        (throw $small (i32.const 2) (i64.const 3)))
      (unreachable)))
  (func (param exnref) (throw_ref (local.get 0))))

;; ; function 1
;; function u0:1(i64 vmctx, i64) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i64):
;;     jump block1
;;
;;                                 block1:
;;     return
;; }

;; ; function 2
;; function u0:2(i64 vmctx, i32, i64) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64, i32) -> i64 system_v
;;     sig1 = (i64, i64) system_v
;;
;;                                 block0(v0: i64, v1: i32, v2: i64):
;;     v3 = iconst.i32 0
;;     v4 = load.i64 notrap aligned readonly can_move v0+16
;;     v5 = load.i64 notrap aligned readonly can_move v4+216
;;     v6 = call_indirect sig0, v5(v0, v3)  ; v3 = 0
;;     trapz v6, user15
;;     store notrap v1, v6+16
;;     store notrap v2, v6+24
;;     v7 = load.i64 notrap aligned readonly can_move v0+16
;;     v8 = load.i64 notrap aligned readonly can_move v7+224
;;     call_indirect sig1, v8(v0, v6)
;;     trap user1
;;
;;                                 block1:
;;     trap user1
;; }

;; ; function 3
;; function u0:3(i64 vmctx, i32) -> i32, i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64 vmctx, i32) tail
;;     sig1 = (i64, i32) -> i64 system_v
;;     sig2 = (i64, i64) system_v
;;     stack_limit = gv2
;;
;;                                 block0(v0: i64, v1: i32):
;;     v7 = load.i64 notrap aligned readonly can_move v0+8
;;     store notrap aligned region1 v0, v7+24
;;     v8 = load.i64 notrap aligned readonly can_move v0+56
;;     v9 = load.i64 notrap aligned readonly can_move v0+64
;;     v10 = load.i64 notrap aligned region1 v8
;;     try_call_indirect v10(v9, v1), sig0, block5, [ default: block4(exn0) ]
;;
;;                                 block5:
;;     v11 = iconst.i64 1
;;     jump block6
;;
;;                                 block6:
;;     v12 = iconst.i32 2
;;     v13 = iconst.i64 3
;;     v14 = iconst.i32 0
;;     v15 = load.i64 notrap aligned readonly can_move v0+16
;;     v16 = load.i64 notrap aligned readonly can_move v15+216
;;     v17 = call_indirect sig1, v16(v0, v14)  ; v14 = 0
;;     trapz v17, user15
;;     store notrap v12, v17+16  ; v12 = 2
;;     store notrap v13, v17+24  ; v13 = 3
;;     jump block4(v17)
;;
;;                                 block4(v6: i64) cold:
;;     v18 = load.i64 notrap v6+8
;;     v19 = load.i64 notrap aligned readonly can_move v0+80
;;     v20 = icmp eq v18, v19
;;     brif v20, block7, block8
;;
;;                                 block7:
;;     v21 = load.i32 notrap v6+16
;;     v22 = load.i64 notrap v6+24
;;     jump block2(v21, v22)
;;
;;                                 block8:
;;     v23 = load.i64 notrap aligned readonly can_move v0+16
;;     v24 = load.i64 notrap aligned readonly can_move v23+224
;;     call_indirect sig2, v24(v0, v6)
;;     trap user1
;;
;;                                 block2(v4: i32, v5: i64):
;;     jump block1(v4, v5)
;;
;;                                 block1(v2: i32, v3: i64):
;;     return v2, v3
;; }

;; ; function 4
;; function u0:4(i64 vmctx, i64) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64, i64) system_v
;;
;;                                 block0(v0: i64, v1: i64):
;;     trapz v1, user12
;;     v2 = load.i64 notrap aligned readonly can_move v0+16
;;     v3 = load.i64 notrap aligned readonly can_move v2+224
;;     call_indirect sig0, v3(v0, v1)
;;     trap user1
;;
;;                                 block1:
;;     trap user1
;; }
