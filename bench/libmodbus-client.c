/*
 * The rate a C program reaches with libmodbus, one request in flight.
 *
 * Usage: libmodbus-client PORT ADDRESS COUNT REQUESTS; prints requests per second.
 */
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  uint16_t words[MODBUS_MAX_READ_REGISTERS];
  if (argc != 5) return 64;
  int address = atoi(argv[2]), count = atoi(argv[3]), requests = atoi(argv[4]);
  modbus_t *bus = modbus_new_tcp("127.0.0.1", atoi(argv[1]));
  if (bus == NULL || modbus_connect(bus) != 0) return 1;
  double start = now();
  for (int i = 0; i < requests; i++) {
    if (modbus_read_input_registers(bus, address, count, words) != count) return 1;
  }
  printf("%.1f\n", requests / (now() - start));
  modbus_close(bus);
  modbus_free(bus);
  return 0;
}
