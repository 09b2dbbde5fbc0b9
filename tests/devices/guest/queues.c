/* queues DEVICE COUNT: prints "QUEUE HASH BYTES" of the next COUNT packets that a network device receives, as its driver
 * has reported them to Linux. One AF_PACKET socket a queue (PACKET_FANOUT_QM; a driver's queue q is q + 1 there), each
 * with a ring that tells the hash. Says "ready" when it listens; gives up after 30 s without a packet. */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SOCKETS = 16, BLOCK = 1 << 20, BLOCKS = 4 };

static void must(int good, const char *what) {
  if (!good) {
    perror(what);
    exit(1);
  }
}

static uint8_t *ring_create(int fd) {
  int version = TPACKET_V3;
  struct tpacket_req3 ring = {.tp_block_size = BLOCK,
                              .tp_block_nr = BLOCKS,
                              .tp_frame_size = 2048,
                              .tp_frame_nr = BLOCK / 2048 * BLOCKS,
                              .tp_retire_blk_tov = 20,
                              .tp_feature_req_word = TP_FT_REQ_FILL_RXHASH};
  must(!setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version), "TPACKET_V3");
  must(!setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring), "PACKET_RX_RING");
  void *memory = mmap(NULL, BLOCK * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  must(memory != MAP_FAILED, "mmap");
  return memory;
}

static int socket_create(const char *device) {
  int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
  must(fd >= 0, "AF_PACKET");
  struct sockaddr_ll where = {.sll_family = AF_PACKET,
                              .sll_protocol = htons(ETH_P_ALL),
                              .sll_ifindex = (int)if_nametoindex(device)};
  must(!bind(fd, (struct sockaddr *)&where, sizeof where), device);
  return fd;
}

static int print_block(struct tpacket_block_desc *block, int queue) {
  struct tpacket3_hdr *packet = (void *)((uint8_t *)block + block->hdr.bh1.offset_to_first_pkt);
  int count = 0;
  for (unsigned i = 0; i < block->hdr.bh1.num_pkts; i++) {
    const struct sockaddr_ll *from =
        (void *)((uint8_t *)packet + TPACKET_ALIGN(sizeof *packet));
    const uint8_t *bytes = (uint8_t *)packet + packet->tp_mac;
    if (from->sll_pkttype != PACKET_OUTGOING) {
      printf("%d %08x ", queue, packet->hv1.tp_rxhash);
      for (unsigned at = 0; at < packet->tp_snaplen; at++)
        printf("%02x", bytes[at]);
      putchar('\n');
      count++;
    }
    packet = (void *)((uint8_t *)packet + packet->tp_next_offset);
  }
  return count;
}

int main(int argc, char **argv) {
  must(argc == 3, "usage: queues DEVICE COUNT");
  struct pollfd fds[SOCKETS];
  uint8_t *rings[SOCKETS];
  int next[SOCKETS] = {0}, left = atoi(argv[2]);
  for (int i = 0; i < SOCKETS; i++)
    fds[i] = (struct pollfd){.fd = socket_create(argv[1]), .events = POLLIN};
  for (int i = 0; i < SOCKETS; i++) {
    int fanout = 1 | PACKET_FANOUT_QM << 16;
    rings[i] = ring_create(fds[i].fd);
    must(!setsockopt(fds[i].fd, SOL_PACKET, PACKET_FANOUT, &fanout, sizeof fanout), "PACKET_FANOUT");
  }
  puts("ready");
  fflush(stdout);
  while (left > 0 && poll(fds, SOCKETS, 30000) > 0)
    for (int i = 0; i < SOCKETS; i++) {
      struct tpacket_block_desc *block = (void *)(rings[i] + next[i] * BLOCK);
      if (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
        continue;
      left -= print_block(block, i - 1);
      __atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
      next[i] = (next[i] + 1) % BLOCKS;
    }
  return left > 0;
}
