import { describeWithBuildKit } from '../../../../test/support/test-buildkit.js'
import { describeBuilds } from '../build-suite/describe-builds.js'
import { openSidecarBuilder } from '../build-suite/tested-builder.js'

describeWithBuildKit('BuildKit in a sidecar', (engine) => {
  const { buildkitImage: image, isFakeBuildKit: isFake } = engine
  describeBuilds(() => openSidecarBuilder(engine, { image, isFake }))
})
