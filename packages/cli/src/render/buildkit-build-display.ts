import type { Io } from '../terminal/io.js'
import type { BuildDisplay, ProgressKind } from './build-display.js'
import { type Clock, systemClock } from './clock.js'
import { createJsonBuildDisplay, createRawJsonBuildDisplay } from './json-build-display.js'
import { LiveBuildDisplay } from './live-build-display.js'
import { PlainBuildDisplay } from './plain-build-display.js'

/** Creates the display of a build by BuildKit. Documents of `json` go to stdout, everything else to stderr. */
export function createBuildKitBuildDisplay(
  io: Pick<Io, 'stdout' | 'stderr' | 'env'>,
  kind: ProgressKind,
  clock: Clock = systemClock,
): BuildDisplay {
  switch (kind) {
    case 'quiet':
      return { start: () => {}, onEvent: () => {}, succeed: () => {}, fail: () => {} }
    case 'json':
      return createJsonBuildDisplay(io.stdout)
    case 'rawjson':
      return createRawJsonBuildDisplay(io.stderr)
    case 'plain':
      return new PlainBuildDisplay(io.stderr, clock)
    case 'auto': {
      const isLive = io.stderr.isTTY === true && io.stderr.columns
      return isLive ? new LiveBuildDisplay(io, clock) : new PlainBuildDisplay(io.stderr, clock)
    }
  }
}
