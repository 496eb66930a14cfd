(module
  (func (param i32) (result i32)
    (block $a (result i32)
      (block $b (result i32)
        (br_table $a $b $a $b (i32.const 7) (local.get 0)))
      (i32.const 1)
      (i32.add))))

;; ; function 0
;; function u0:0(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;     v5 = iconst.i32 7
;;     v6 = iconst.i32 2
;;     v7 = icmp ult v1, v6  ; v6 = 2
;;     brif v7, block4, block5
;;
;;                                 block4:
;;     v8 = iconst.i32 1
;;     v9 = icmp.i32 ult v1, v8  ; v8 = 1
;;     brif v9, block2(v5), block3(v5)  ; v5 = 7, v5 = 7
;;
;;                                 block5:
;;     v10 = iconst.i32 3
;;     v11 = icmp.i32 ult v1, v10  ; v10 = 3
;;     brif v11, block2(v5), block3(v5)  ; v5 = 7, v5 = 7
;;
;;                                 block3(v4: i32):
;;     v12 = iconst.i32 1
;;     v13 = iadd v4, v12  ; v12 = 1
;;     jump block2(v13)
;;
;;                                 block2(v3: i32):
;;     jump block1(v3)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }
