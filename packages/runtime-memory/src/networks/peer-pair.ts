import { type Duplex, duplexPair } from 'node:stream'

/** Two ends of a simulated connection: with back-pressure and half-close, and a reset for who still writes to a closed end. */
export function createPeerPair(): readonly [Duplex, Duplex] {
  const [near, far] = duplexPair()
  for (const [end, other] of [
    [near, far],
    [far, near],
  ] as const) {
    // Whoever cares listens; nobody's end may be the end of this process.
    end.on('error', () => {})
    end.once('close', () => leave(end, other))
  }
  return [near, far]
}

/** What the peer of a closed end sees: what was sent before it, then the end, or a reset. */
function leave(closed: Duplex, peer: Duplex): void {
  if (!closed.writableFinished) peer.destroy(createReset())
  else if (peer.writableFinished) return
  else if (peer.readableEnded) peer.destroy(createReset())
  else peer.once('end', () => peer.destroy())
}

function createReset(): Error {
  return Object.assign(new Error('the peer closed the connection'), { code: 'ECONNRESET' })
}
