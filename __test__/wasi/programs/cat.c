// Copies standard input to standard output.

#include <unistd.h>

static char buffer[65536];

int main(void) {
  ssize_t count;
  while ((count = read(0, buffer, sizeof buffer)) > 0) {
    for (ssize_t done = 0; done < count;) {
      ssize_t written = write(1, buffer + done, count - done);
      if (written < 0) return 2;
      done += written;
    }
  }
  return count < 0;
}
