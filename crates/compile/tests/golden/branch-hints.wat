(module
  (func (param i32) (result i32)
    (@metadata.code.branch_hint "\00")
    (if (local.get 0) (then (return (i32.const 1))))
    (@metadata.code.branch_hint "\01")
    (if (local.get 0) (then (return (i32.const 2))))
    (i32.const 3))
  (func (param i32) (result i32)
    (block
      (@metadata.code.branch_hint "\00")
      (br_if 0 (local.get 0))
      (@metadata.code.branch_hint "\00")
      (br_if 0 (i32.eqz (local.get 0)))
      (return (i32.const 4)))
    (block
      (@metadata.code.branch_hint "\01")
      (br_if 0 (local.get 0))
      (return (i32.const 5)))
    (i32.const 6)))

;; ; function 0
;; function u0:0(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;     brif v1, block2, block3
;;
;;                                 block2 cold:
;;     v3 = iconst.i32 1
;;     jump block1(v3)  ; v3 = 1
;;
;;                                 block3:
;;     jump block4
;;
;;                                 block4:
;;     brif.i32 v1, block5, block6
;;
;;                                 block5:
;;     v4 = iconst.i32 2
;;     jump block1(v4)  ; v4 = 2
;;
;;                                 block6 cold:
;;     jump block7
;;
;;                                 block7:
;;     v5 = iconst.i32 3
;;     jump block1(v5)  ; v5 = 3
;;
;;                                 block1(v2: i32):
;;     return v2
;; }

;; ; function 1
;; function u0:1(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;     brif v1, block2, block3
;;
;;                                 block3:
;;     v3 = iconst.i32 0
;;     v4 = icmp.i32 eq v1, v3  ; v3 = 0
;;     v5 = uextend.i32 v4
;;     brif v5, block2, block4
;;
;;                                 block4:
;;     v6 = iconst.i32 4
;;     jump block1(v6)  ; v6 = 4
;;
;;                                 block2 cold:
;;     brif.i32 v1, block5, block6
;;
;;                                 block6 cold:
;;     v8 = iconst.i32 5
;;     jump block1(v8)  ; v8 = 5
;;
;;                                 block5:
;;     v9 = iconst.i32 6
;;     jump block1(v9)  ; v9 = 6
;;
;;                                 block1(v2: i32):
;;     return v2
;; }
