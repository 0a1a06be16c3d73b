/* Past its host, sends a blob that it could still change under the daemon's eyes. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  const uint64_t size = 4096;
  struct {
    uint32_t length;
    uint8_t kind;
    uint64_t id, size;
  } __attribute__((packed)) frame = {9 + 8, FRAME_BLOB | FRAME_EMIT, 0, 4096};
  union {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec part;
  struct msghdr message;
  const int fd = memfd_create("open", 0);
  UNUSED(p);
  if (fd < 0 || ftruncate(fd, (off_t)size) != 0) return;
  frame.id = call;
  part.iov_base = &frame;
  part.iov_len = sizeof frame;
  memset(&message, 0, sizeof message);
  memset(&control, 0, sizeof control);
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.room;
  message.msg_controllen = sizeof control.room;
  control.head.cmsg_level = SOL_SOCKET;
  control.head.cmsg_type = SCM_RIGHTS;
  control.head.cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
  if (sendmsg(3, &message, 0) < 0) return;
}
