import { randomUUID } from 'node:crypto'
import type { StringMap } from '../contract/operation.js'

/**
 * Creates the label `capstan.request` with a new id. A caller that sets it on a new object can find the object when the
 * engine's answer is lost, and tell it from another object of the same name.
 */
export function createRequestIdLabel(): StringMap {
  return { [requestIdKey]: randomUUID() }
}

const requestIdKey = 'capstan.request'
