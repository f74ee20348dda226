// Runs a container that writes `megabytes`, attached, with a reader that sleeps `sleepMs` first. Prints as JSON how many
// bytes came and by how many MB the memory of this process rose over what it was before, after a forced collection.
// It is run by docker-memory.integration.test.ts: node --expose-gc attached-memory.mjs SOCKET IMAGE MEGABYTES SLEEP_MS
import { Writable } from 'node:stream'
import { createRuntimeHost } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'

const [socketPath, image, megabytes, sleepMs] = process.argv.slice(2)
const host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint: `unix://${socketPath}` })] })
const { runtime } = await host.open()
// Warm: what is loaded once is no part of what grows.
await run(1, 0)
const before = measure()
let highest = before
const timer = setInterval(() => {
  highest = Math.max(highest, measure())
}, 50)
const received = await run(Number(megabytes), Number(sleepMs))
clearInterval(timer)
await host[Symbol.asyncDispose]()
console.log(JSON.stringify({ received, riseMegabytes: (highest - before) / 2 ** 20 }))

/** @param {number} count @param {number} sleepMs */
async function run(count, sleepMs) {
  const command = ['sh', '-c', `dd if=/dev/zero bs=1048576 count=${count} 2>/dev/null`]
  const id = await runtime.createContainer({ image, command, labels: { 'capstan-test': 'memory' } })
  let received = 0
  let isAsleep = sleepMs > 0
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      received += chunk.length
      if (!isAsleep) return done()
      isAsleep = false
      setTimeout(done, sleepMs)
    },
  })
  try {
    const code = await runtime.startAttached(id, { stdout })
    if (code !== 0) throw new Error(`the container ended with ${code}`)
    return received
  } finally {
    await runtime.removeContainer(id)
  }
}

function measure() {
  globalThis.gc?.()
  return process.memoryUsage().rss
}
