import type { StringMap } from '@capstan/core/plugin'

/** A task, as `GET /tasks` lists it, with the fields that are read. */
export interface ClusterTask {
  readonly ID: string
  readonly ServiceID: string
  readonly NodeID?: string
  readonly CreatedAt: string
  readonly DesiredState: string
  readonly Labels?: StringMap | null
  readonly Status: {
    readonly State: string
    readonly Err?: string
    readonly ContainerStatus?: { readonly ContainerID?: string; readonly ExitCode?: number } | null
  }
}

/** A node, as `GET /nodes` lists it, with the fields that are read. */
export interface ClusterNode {
  readonly ID: string
  readonly Status: { readonly State: string }
}
