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
;;     br_table v1, block3(v5), [block2(v5), block3(v5), block2(v5)]  ; v5 = 7, v5 = 7, v5 = 7, v5 = 7
;;
;;                                 block3(v4: i32):
;;     v6 = iconst.i32 1
;;     v7 = iadd v4, v6  ; v6 = 1
;;     jump block2(v7)
;;
;;                                 block2(v3: i32):
;;     jump block1(v3)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }
