import { randomUUID } from 'node:crypto'
import type { StringMap } from '../contract/operation.js'

/**
 * Creates the label `capstan.request` with a new id. A request that puts it on what it creates can find that again when the
 * engine's answer was lost, and can tell it from another object of the same name.
 */
export function createRequestIdLabel(): StringMap {
  return { [requestIdKey]: randomUUID() }
}

const requestIdKey = 'capstan.request'
