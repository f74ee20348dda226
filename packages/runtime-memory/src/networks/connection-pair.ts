import { type Duplex, duplexPair } from 'node:stream'

/** Creates both ends of a simulated connection with back-pressure, half-close, and resets after a close. */
export function createConnectionPair(): readonly [Duplex, Duplex] {
  const [near, far] = duplexPair()
  for (const [end, other] of [
    [near, far],
    [far, near],
  ] as const) {
    // Users add their own listeners. Without any, an unhandled error would end this Node process.
    end.on('error', () => {})
    end.once('close', () => closeOtherEnd(end, other))
  }
  return [near, far]
}

/**
 * Closes the other end of a connection. When the closed end had not ended its output, the other end is reset at once.
 * Otherwise it can read all data first, and is then closed; if it has read everything but still writes, it is reset.
 */
function closeOtherEnd(closed: Duplex, other: Duplex): void {
  if (!closed.writableFinished) other.destroy(createReset())
  else if (other.writableFinished) return
  else if (other.readableEnded) other.destroy(createReset())
  else other.once('end', () => other.destroy())
}

function createReset(): Error {
  return Object.assign(new Error('the peer closed the connection'), { code: 'ECONNRESET' })
}
