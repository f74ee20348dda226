import type { RuntimePlugin } from '@capstan/core'
import { ownershipLabelKeys, type StringMap } from '@capstan/core/plugin'
import { withParts } from './map-provided.js'

/**
 * Wraps a plugin to report the owner of each opened runtime and, optionally, to change it.
 *
 * The kit finds the resources of a case by the owner's instance.
 */
export function observeOwner(plugin: RuntimePlugin, { onInstance, relabel = keep }: ObserveOptions): RuntimePlugin {
  return withParts(plugin, {
    register: (scope, details) => {
      const ownerLabels = relabel(scope.ownerLabels)
      onInstance(ownerLabels[ownershipLabelKeys.instance] ?? '')
      return plugin.register({ ...scope, ownerLabels }, details)
    },
  })
}

export interface ObserveOptions {
  readonly onInstance: (instanceId: string) => void
  readonly relabel?: (ownerLabels: StringMap) => StringMap
}

function keep(labels: StringMap): StringMap {
  return labels
}
