#pragma once

/* memfd_create(2) is declared for _GNU_SOURCE only, which Swift's module of the C library is made without. */
int memfd_create(const char *name, unsigned int flags);

enum { HAWSER_MEMFD_CLOEXEC = 1, HAWSER_MEMFD_ALLOW_SEALING = 2 };

/* Of fcntl(2), likewise. */
enum {
    HAWSER_ADD_SEALS = 1033,
    HAWSER_SEAL_SEAL = 1,
    HAWSER_SEAL_SHRINK = 2,
    HAWSER_SEAL_GROW = 4,
    HAWSER_SEAL_WRITE = 8,
};
