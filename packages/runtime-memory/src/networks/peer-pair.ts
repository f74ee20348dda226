import { type Duplex, duplexPair } from 'node:stream'

/** Creates both ends of a simulated connection with back-pressure, half-close, and resets after a close. */
export function createPeerPair(): readonly [Duplex, Duplex] {
  const [near, far] = duplexPair()
  for (const [end, other] of [
    [near, far],
    [far, near],
  ] as const) {
    // Users add their own listeners. Without any, an unhandled error would end this Node process.
    end.on('error', () => {})
    end.once('close', () => leave(end, other))
  }
  return [near, far]
}

/** Closes the other end of a connection: it reads what was sent before, then gets the end or a reset. */
function leave(closed: Duplex, peer: Duplex): void {
  if (!closed.writableFinished) peer.destroy(createReset())
  else if (peer.writableFinished) return
  else if (peer.readableEnded) peer.destroy(createReset())
  else peer.once('end', () => peer.destroy())
}

function createReset(): Error {
  return Object.assign(new Error('the peer closed the connection'), { code: 'ECONNRESET' })
}
