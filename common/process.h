/*
 * process.h - what the system says of this process, for shells only.
 */
#ifndef COMMON_PROCESS_H
#define COMMON_PROCESS_H
#include <stdint.h>

uint64_t process_resident_bytes(void); /* memory in RAM; 0: not known */
#endif
