(module
  (type $point (struct (field (mut i8)) (field (mut i64)) (field (mut anyref))))
  (func (param i32 i64) (result (ref $point))
    (struct.new $point (local.get 0) (local.get 1) (ref.i31 (local.get 0))))
  (func (param (ref null $point)) (result i32) (struct.get_s $point 0 (local.get 0)))
  (func (param (ref $point) anyref) (struct.set $point 2 (local.get 0) (local.get 1))))

;; ; function 0
;; function u0:0(i64 vmctx, i32, i64) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64, i32) -> i64 system_v
;;
;;                                 block0(v0: i64, v1: i32, v2: i64):
;;     v4 = uextend.i64 v1
;;     v5 = iconst.i64 33
;;     v6 = ishl v4, v5  ; v5 = 33
;;     v7 = iconst.i64 31
;;     v8 = ushr v6, v7  ; v7 = 31
;;     v9 = iconst.i64 2
;;     v10 = bor v8, v9  ; v9 = 2
;;     v11 = load.i64 notrap aligned readonly can_move v0+8
;;     v12 = load.i64 notrap aligned region1 v11+80
;;     v13 = load.i64 notrap aligned region1 v11+88
;;     v14 = icmp eq v12, v13
;;     brif v14, block2, block3
;;
;;                                 block3:
;;     v15 = iconst.i64 32
;;     v16 = iadd.i64 v12, v15  ; v15 = 32
;;     store notrap aligned region1 v16, v11+80
;;     v17 = load.i64 notrap aligned readonly can_move v0+40
;;     v18 = load.i64 notrap aligned readonly can_move v17
;;     store user17 region4 v18, v12
;;     jump block4(v12)
;;
;;                                 block2 cold:
;;     v19 = iconst.i32 0
;;     v20 = load.i64 notrap aligned readonly can_move v0+16
;;     v21 = load.i64 notrap aligned readonly can_move v20+160
;;     v22 = call_indirect sig0, v21(v0, v19)  ; v19 = 0
;;     trapz v22, user15
;;     jump block4(v22)
;;
;;                                 block4(v23: i64):
;;     v24 = ireduce.i8 v1
;;     store user17 region4 v24, v23+8
;;     store.i64 user17 region4 v2, v23+16
;;     store.i64 user17 region4 v10, v23+24
;;     jump block1(v23)
;;
;;                                 block1(v3: i64):
;;     return v3
;; }

;; ; function 1
;; function u0:1(i64 vmctx, i64) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i64):
;;     v3 = sload8.i32 user17 region4 v1+8
;;     jump block1(v3)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }

;; ; function 2
;; function u0:2(i64 vmctx, i64, i64) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64, i64) system_v
;;
;;                                 block0(v0: i64, v1: i64, v2: i64):
;;     store user17 region4 v2, v1+24
;;     v3 = load.i64 notrap aligned readonly can_move v0+8
;;     v4 = load.i32 notrap aligned region1 v3+56
;;     brif v4, block2, block3
;;
;;                                 block2 cold:
;;     v5 = load.i64 notrap aligned readonly can_move v0+16
;;     v6 = load.i64 notrap aligned readonly can_move v5+232
;;     call_indirect sig0, v6(v0, v2)
;;     jump block3
;;
;;                                 block3:
;;     jump block1
;;
;;                                 block1:
;;     return
;; }
