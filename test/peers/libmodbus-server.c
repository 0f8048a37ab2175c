/*
 * Serves the words of an image as input and holding registers with libmodbus; holes inside its one
 * mapping answer 0. One client at a time, as many heat pumps do.
 *
 * Usage: libmodbus-server PORT IMAGE, IMAGE being lines of "address word".
 */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ADDRESSES 65536

static int load(const char *path, modbus_mapping_t *map) {
  FILE *file = fopen(path, "r");
  unsigned address, word;
  if (file == NULL) return -1;
  while (fscanf(file, "%u %u", &address, &word) == 2) {
    if (address >= ADDRESSES) return -1;
    map->tab_registers[address] = map->tab_input_registers[address] = (uint16_t)word;
  }
  return fclose(file);
}

int main(int argc, char **argv) {
  if (argc != 3) return 64;
  modbus_t *bus = modbus_new_tcp("127.0.0.1", atoi(argv[1]));
  modbus_mapping_t *map = modbus_mapping_new(0, 0, ADDRESSES, ADDRESSES);
  uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
  if (bus == NULL || map == NULL || load(argv[2], map) != 0) return 1;
  int listener = modbus_tcp_listen(bus, 4);
  if (listener < 0) return 1;
  for (;;) {
    if (modbus_tcp_accept(bus, &listener) < 0) continue;
    int length;
    while ((length = modbus_receive(bus, query)) >= 0) {
      if (length > 0 && modbus_reply(bus, query, length, map) < 0) break;
    }
    modbus_close(bus);
  }
}
