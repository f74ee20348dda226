import { dockerHub } from '@capstan/core/plugin'
import { createOptionError } from './option-error.js'

/**
 * Returns the host of a registry that is given by its host or by a URL; Docker Hub for none of its names, and without one.
 *
 * @throws HostError INVALID_ARGUMENT naming the argument
 */
export function parseRegistry(given: string = dockerHub): string {
  const host = given.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
  if (!/^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(:\d{1,5})?$/.test(host)) {
    throw createOptionError('registry', 'the host of a registry, such as registry.example:5000', given)
  }
  return /^(index\.|registry-1\.)?docker\.io$/.test(host) ? dockerHub : host
}
