(module
  (type $base (sub (struct)))
  (type $derived (sub $base (struct (field i32))))
  (type $leaf (sub final $derived (struct (field i32))))
  (func (param anyref) (result i32) (ref.test (ref $derived) (local.get 0)))
  (func (param (ref null $base)) (result (ref null $leaf)) (ref.cast (ref null $leaf) (local.get 0)))
  (func (param anyref) (result i32) (ref.test (ref i31) (local.get 0)))
  (func (param anyref) (result eqref)
    (block $array (result (ref array))
      (br_on_cast $array anyref (ref array) (local.get 0))
      (drop)
      (return (ref.null none)))))

;; ; function 0
;; function u0:0(i64 vmctx, i64) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i64):
;;     v4 = iconst.i8 0
;;     brif v1, block2, block3(v4)  ; v4 = 0
;;
;;                                 block2:
;;     v5 = iconst.i64 3
;;     v6 = band.i64 v1, v5  ; v5 = 3
;;     v7 = iconst.i8 0
;;     brif v6, block3(v7), block4  ; v7 = 0
;;
;;                                 block4:
;;     v8 = load.i64 notrap aligned readonly v1
;;     v9 = load.i64 notrap aligned readonly can_move v0+40
;;     v10 = load.i64 notrap aligned readonly can_move v9+8
;;     v11 = load.i64 notrap aligned readonly can_move v8+24
;;     v12 = icmp eq v11, v10
;;     jump block3(v12)
;;
;;                                 block3(v3: i8):
;;     v13 = uextend.i32 v3
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
;;     v4 = iconst.i8 1
;;     brif v1, block2, block3(v4)  ; v4 = 1
;;
;;                                 block2:
;;     v5 = iconst.i64 3
;;     v6 = band.i64 v1, v5  ; v5 = 3
;;     v7 = iconst.i8 0
;;     brif v6, block3(v7), block4  ; v7 = 0
;;
;;                                 block4:
;;     v8 = load.i64 notrap aligned readonly v1
;;     v9 = load.i64 notrap aligned readonly can_move v0+40
;;     v10 = load.i64 notrap aligned readonly can_move v9+16
;;     v11 = icmp eq v8, v10
;;     jump block3(v11)
;;
;;                                 block3(v3: i8):
;;     trapz v3, user13
;;     jump block1(v1)
;;
;;                                 block1(v2: i64):
;;     return v2
;; }

;; ; function 2
;; function u0:2(i64 vmctx, i64) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i64):
;;     v4 = iconst.i8 0
;;     brif v1, block2, block3(v4)  ; v4 = 0
;;
;;                                 block2:
;;     v5 = iconst.i64 3
;;     v6 = band.i64 v1, v5  ; v5 = 3
;;     v7 = iconst.i64 2
;;     v8 = icmp eq v6, v7  ; v7 = 2
;;     jump block3(v8)
;;
;;                                 block3(v3: i8):
;;     v9 = uextend.i32 v3
;;     jump block1(v9)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }

;; ; function 3
;; function u0:3(i64 vmctx, i64) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i64):
;;     v5 = iconst.i8 0
;;     brif v1, block3, block4(v5)  ; v5 = 0
;;
;;                                 block3:
;;     v6 = iconst.i64 3
;;     v7 = band.i64 v1, v6  ; v6 = 3
;;     v8 = iconst.i8 0
;;     brif v7, block4(v8), block5  ; v8 = 0
;;
;;                                 block5:
;;     v9 = load.i64 notrap aligned readonly v1
;;     v10 = load.i32 notrap aligned readonly can_move v9+4
;;     v11 = iconst.i32 2
;;     v12 = icmp eq v10, v11  ; v11 = 2
;;     jump block4(v12)
;;
;;                                 block4(v4: i8):
;;     brif v4, block2(v1), block6
;;
;;                                 block6:
;;     v13 = iconst.i64 0
;;     jump block1(v13)  ; v13 = 0
;;
;;                                 block2(v3: i64):
;;     jump block1(v3)
;;
;;                                 block1(v2: i64):
;;     return v2
;; }
