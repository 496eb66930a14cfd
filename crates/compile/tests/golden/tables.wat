(module
  (table $f 2 8 funcref)
  (table $x 2 externref)
  (elem declare func $g)
  (elem $e func $g)
  (func $g)
  (func (param i32) (result externref) (table.get $x (local.get 0)))
  (func (param i32) (table.set $f (local.get 0) (ref.func $g)))
  (func (param i32) (result i32) (i32.add (table.size $f) (table.grow $f (ref.null func) (local.get 0))))
  (func (param i32) (result i32) (ref.is_null (table.get $f (local.get 0))))
  (func (param i32 i32 i32) (table.copy $f $f (local.get 0) (local.get 1) (local.get 2)))
  (func (param i32 externref i32) (table.fill $x (local.get 0) (local.get 1) (local.get 2)))
  (func (param i32 i32 i32) (table.init $f $e (local.get 0) (local.get 1) (local.get 2)) (elem.drop $e)))

;; ; function 0
;; function u0:0(i64 vmctx) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64):
;;     jump block1
;;
;;                                 block1:
;;     return
;; }

;; ; function 1
;; function u0:1(i64 vmctx, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned readonly can_move v0+64
;;     v5 = load.i64 notrap aligned region1 v4+8
;;     v6 = icmp uge v3, v5
;;     trapnz v6, user4
;;     v7 = load.i64 notrap aligned readonly can_move v0+64
;;     v8 = load.i64 notrap aligned region1 v7
;;     v9 = iconst.i64 3
;;     v10 = ishl v3, v9  ; v9 = 3
;;     v11 = iadd v8, v10
;;     v12 = load.i64 notrap aligned region2 v11
;;     jump block1(v12)
;;
;;                                 block1(v2: i64):
;;     return v2
;; }

;; ; function 2
;; function u0:2(i64 vmctx, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;     v2 = iconst.i64 80
;;     v3 = iadd v0, v2  ; v2 = 80
;;     v4 = uextend.i64 v1
;;     v5 = load.i64 notrap aligned readonly can_move v0+56
;;     v6 = load.i64 notrap aligned region1 v5+8
;;     v7 = icmp uge v4, v6
;;     trapnz v7, user4
;;     v8 = load.i64 notrap aligned readonly can_move v0+56
;;     v9 = load.i64 notrap aligned region1 v8
;;     v10 = iconst.i64 3
;;     v11 = ishl v4, v10  ; v10 = 3
;;     v12 = iadd v9, v11
;;     store notrap aligned region2 v3, v12
;;     jump block1
;;
;;                                 block1:
;;     return
;; }

;; ; function 3
;; function u0:3(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64, i32, i64, i64) -> i64 system_v
;;
;;                                 block0(v0: i64, v1: i32):
;;     v3 = load.i64 notrap aligned readonly can_move v0+56
;;     v4 = load.i64 notrap aligned region1 v3+8
;;     v5 = ireduce.i32 v4
;;     v6 = iconst.i64 0
;;     v7 = uextend.i64 v1
;;     v8 = iconst.i32 0
;;     v9 = load.i64 notrap aligned readonly can_move v0+16
;;     v10 = load.i64 notrap aligned readonly can_move v9+48
;;     v11 = call_indirect sig0, v10(v0, v8, v6, v7)  ; v8 = 0, v6 = 0
;;     v12 = ireduce.i32 v11
;;     v13 = iadd v5, v12
;;     jump block1(v13)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }

;; ; function 4
;; function u0:4(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned readonly can_move v0+56
;;     v5 = load.i64 notrap aligned region1 v4+8
;;     v6 = icmp uge v3, v5
;;     trapnz v6, user4
;;     v7 = load.i64 notrap aligned readonly can_move v0+56
;;     v8 = load.i64 notrap aligned region1 v7
;;     v9 = iconst.i64 3
;;     v10 = ishl v3, v9  ; v9 = 3
;;     v11 = iadd v8, v10
;;     v12 = load.i64 notrap aligned region2 v11
;;     v13 = iconst.i64 0
;;     v14 = icmp eq v12, v13  ; v13 = 0
;;     v15 = uextend.i32 v14
;;     jump block1(v15)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }

;; ; function 5
;; function u0:5(i64 vmctx, i32, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64, i32, i32, i64, i64, i64) -> i32 system_v
;;
;;                                 block0(v0: i64, v1: i32, v2: i32, v3: i32):
;;     v4 = uextend.i64 v1
;;     v5 = uextend.i64 v2
;;     v6 = uextend.i64 v3
;;     v7 = iconst.i32 0
;;     v8 = iconst.i32 0
;;     v9 = load.i64 notrap aligned readonly can_move v0+16
;;     v10 = load.i64 notrap aligned readonly can_move v9+56
;;     v11 = call_indirect sig0, v10(v0, v7, v8, v4, v5, v6)  ; v7 = 0, v8 = 0
;;     trapnz v11, user4
;;     jump block1
;;
;;                                 block1:
;;     return
;; }

;; ; function 6
;; function u0:6(i64 vmctx, i32, i64, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64, i32, i64, i64, i64) -> i32 system_v
;;
;;                                 block0(v0: i64, v1: i32, v2: i64, v3: i32):
;;     v4 = uextend.i64 v1
;;     v5 = uextend.i64 v3
;;     v6 = iconst.i32 1
;;     v7 = load.i64 notrap aligned readonly can_move v0+16
;;     v8 = load.i64 notrap aligned readonly can_move v7+64
;;     v9 = call_indirect sig0, v8(v0, v6, v4, v2, v5)  ; v6 = 1
;;     trapnz v9, user4
;;     jump block1
;;
;;                                 block1:
;;     return
;; }

;; ; function 7
;; function u0:7(i64 vmctx, i32, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64, i32, i32, i64, i32, i32) -> i32 system_v
;;     sig1 = (i64, i32) system_v
;;
;;                                 block0(v0: i64, v1: i32, v2: i32, v3: i32):
;;     v4 = uextend.i64 v1
;;     v5 = iconst.i32 0
;;     v6 = iconst.i32 1
;;     v7 = load.i64 notrap aligned readonly can_move v0+16
;;     v8 = load.i64 notrap aligned readonly can_move v7+72
;;     v9 = call_indirect sig0, v8(v0, v5, v6, v4, v2, v3)  ; v5 = 0, v6 = 1
;;     trapnz v9, user4
;;     v10 = iconst.i32 1
;;     v11 = load.i64 notrap aligned readonly can_move v0+16
;;     v12 = load.i64 notrap aligned readonly can_move v11+80
;;     call_indirect sig1, v12(v0, v10)  ; v10 = 1
;;     jump block1
;;
;;                                 block1:
;;     return
;; }
