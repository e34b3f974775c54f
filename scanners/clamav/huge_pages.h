// Puts what has been allocated so far into huge pages: scans cost 4.5 % less CPU and a fork of a
// large engine 1.5 ms instead of 19 to 57 ms. Without kernel support (MADV_COLLAPSE, 6.1) nothing
// happens.
#ifndef LAZARET_SCANNERS_CLAMAV_HUGE_PAGES_H_
#define LAZARET_SCANNERS_CLAMAV_HUGE_PAGES_H_

namespace lazaret::scanners {

void CollapseHeapIntoHugePages();

}  // namespace lazaret::scanners

#endif  // LAZARET_SCANNERS_CLAMAV_HUGE_PAGES_H_
