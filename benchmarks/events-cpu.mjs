import { eventStreamCapability, requireCapabilities } from '@capstan/core'
import { compareReaders } from './compare-readers.mjs'
import { readJsonLines } from './raw-engine.mjs'

export const title = 'client CPU of reading 2000 events / of reading and parsing the raw response'
export const target = 1.1

export function run({ pairs }) {
  return compareReaders(count, pairs, ({ scope, raw }) => {
    const { events } = requireCapabilities(scope, { events: eventStreamCapability })
    return { capstan: () => readEvents(events), baseline: () => readRaw(raw) }
  })
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
