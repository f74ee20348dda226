import { randomUUID } from 'node:crypto'
import type { StringMap } from '../operation.js'

/**
 * One label that no other request puts on a thing: by it a thing is found again whose making was not answered, and one
 * is told from another of the same name.
 */
export function createRequestMark(): StringMap {
  return { [requestLabel]: randomUUID() }
}

const requestLabel = 'capstan.request'
