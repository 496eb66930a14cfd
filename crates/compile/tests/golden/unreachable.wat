(module
  ;; What cannot be reached is validated and not translated.
  (func (param i32) (result i32)
    (block (br 0) (drop (i32.add)) (loop (br 0)))
    (if (local.get 0) (then unreachable) (else (return (i32.const 1))))
    (i32.const 2)))

;; ; function 0
;; function u0:0(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;     jump block2
;;
;;                                 block2:
;;     brif.i32 v1, block3, block4
;;
;;                                 block3:
;;     trap user1
;;
;;                                 block4:
;;     v3 = iconst.i32 1
;;     jump block1(v3)  ; v3 = 1
;;
;;                                 block1(v2: i32):
;;     return v2
;; }
