import { createRuntimeHost, eventStreamCapability, findCapability } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { measurePairs, toCpu } from './measure.mjs'
import { createRawEngine, readJsonLines } from './raw-engine.mjs'
import { startReplayEngine } from './replay-engine.mjs'

export const title = 'client CPU of reading 2000 events / of reading and parsing the raw response'
export const target = 1.1

export async function run({ pairs }) {
  const { socketPath, close } = await startReplayEngine(count)
  const host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint: `unix://${socketPath}` })], env: {} })
  const scope = await host.open()
  const events = findCapability(scope, eventStreamCapability)
  const raw = createRawEngine(socketPath)
  try {
    return await measurePairs({
      capstan: () => toCpu(() => readEvents(events)),
      baseline: () => toCpu(() => readRaw(raw)),
      pairs: Math.min(pairs, 10),
    })
  } finally {
    raw.close()
    await host[Symbol.asyncDispose]()
    await close()
  }
}

async function readEvents(events) {
  let seen = 0
  for await (const { timestamp } of await events.events({ since: new Date(0), until: new Date() })) {
    if (timestamp !== '') seen += 1
  }
  if (seen !== count) throw new Error(`${seen} events`)
}

async function readRaw(raw) {
  let seen = 0
  for await (const { Actor } of readJsonLines(await raw.stream('GET', '/events?since=0'))) if (Actor.ID) seen += 1
  if (seen !== count) throw new Error(`${seen} events`)
}

const count = 2000
