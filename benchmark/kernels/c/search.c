// String search (Boyer-Moore-Horspool) in 256 KiB of text: loads of single bytes and short loops.
#include "kernel.h"

#define SIZE 262144
static uint8_t text[SIZE];
static const char *const NEEDLES[] = {"gantry", "of a crane", "tower", "beam and", "zebra", "eta"};

static int length(const char *s) {
  int n = 0;
  while (s[n]) n++;
  return n;
}

static int count(const char *needle) {
  int shift[256], m = length(needle), found = 0;
  for (int i = 0; i < 256; i++) shift[i] = m;
  for (int i = 0; i < m - 1; i++) shift[(uint8_t)needle[i]] = m - 1 - i;
  for (int at = 0; at <= SIZE - m;) {
    int k = m - 1;
    while (k >= 0 && text[at + k] == (uint8_t)needle[k]) k--;
    if (k < 0) found++;
    at += shift[text[at + m - 1]];
  }
  return found;
}

EXPORT("run") int32_t run(int32_t rounds) {
  static const char letters[] = "etaoinshrdlcumwfgypbvk    ";
  random_state = 3;
  for (int i = 0; i < SIZE; i++) text[i] = (uint8_t)letters[next_random() % 26];
  for (int i = 0; i < SIZE - 16; i += 4099)
    for (int k = 0; k < 10; k++) text[i + k] = (uint8_t)"of a crane"[k];
  int32_t sum = 0;
  for (int r = 0; r < rounds; r++) {
    text[r * 4099 % SIZE] = 'x';
    for (int i = 0; i < 6; i++) sum = sum * 7 + count(NEEDLES[i]);
  }
  return sum;
}
