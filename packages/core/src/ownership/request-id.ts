import { randomUUID } from 'node:crypto'
import type { StringMap } from '../contract/operation.js'

/**
 * Creates the label `capstan.request` with a new id. If the connection breaks before the engine answers a create
 * request, the caller can find the new object by this label, also if another object has the same name.
 */
export function createRequestIdLabel(): StringMap {
  return { [requestIdKey]: randomUUID() }
}

const requestIdKey = 'capstan.request'
