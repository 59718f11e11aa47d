/*
 * embed.c - the shipped YAML files as bytes of the binary.
 *
 * .incbin finds them through the include path (the repository's root). No compiler
 * sees that dependency: CMakeLists.txt names both files in OBJECT_DEPENDS.
 */
#include "laju/config.h"

#define EMBED(symbol, path)                                                                                            \
	extern const uint8_t symbol[], symbol##_end[];                                                                 \
	__asm__(".section .rodata\n"                                                                                   \
	        ".global " #symbol "\n"                                                                                \
	        ".global " #symbol "_end\n"                                                                            \
	        #symbol ":\n"                                                                                          \
	        ".incbin \"" path "\"\n"                                                                               \
	        #symbol "_end:\n"                                                                                      \
	        ".byte 0\n"                                                                                            \
	        ".previous\n")

EMBED(embed_kpis, "laju/kpis.yaml");
EMBED(embed_channels, "laju/channels.yaml");

struct slice
config_default_kpis(void)
{
	return (struct slice){embed_kpis, (uint32_t)(embed_kpis_end - embed_kpis)};
}

struct slice
config_default_channels(void)
{
	return (struct slice){embed_channels, (uint32_t)(embed_channels_end - embed_channels)};
}
