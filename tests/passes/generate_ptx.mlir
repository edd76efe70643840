// pass: generate-ptx
// target: cuda{arch=sm_80}
#all = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
module {
  util.func public @main(%x: tensor<2x20xf32>) -> tensor<2x20xf32> {
    %zero = arith.constant 0.0 : f32
    %lowest = arith.constant 0xFF800000 : f32
    %rows = tensor.empty() : tensor<2xf32>
    %all = tensor.empty() : tensor<2x20xf32>
    %0 = linalg.fill ins(%lowest : f32) outs(%rows : tensor<2xf32>) -> tensor<2xf32>
    %1 = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<2x20xf32>) outs(%0 : tensor<2xf32>) {
    ^bb0(%in: f32, %out: f32):
      %9 = arith.maximumf %out, %in : f32
      linalg.yield %9 : f32
    } -> tensor<2xf32>
    %2 = linalg.generic {indexing_maps = [#row, #all], iterator_types = ["parallel", "parallel"]} ins(%1 : tensor<2xf32>) outs(%all : tensor<2x20xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x20xf32>
    %3 = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel"]} ins(%x, %2 : tensor<2x20xf32>, tensor<2x20xf32>) outs(%all : tensor<2x20xf32>) {
    ^bb0(%a: f32, %b: f32, %out: f32):
      %9 = arith.subf %a, %b : f32
      linalg.yield %9 : f32
    } -> tensor<2x20xf32>
    %4 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%3 : tensor<2x20xf32>) outs(%all : tensor<2x20xf32>) {
    ^bb0(%in: f32, %out: f32):
      %9 = math.exp %in : f32
      linalg.yield %9 : f32
    } -> tensor<2x20xf32>
    %5 = linalg.fill ins(%zero : f32) outs(%rows : tensor<2xf32>) -> tensor<2xf32>
    %6 = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]} ins(%4 : tensor<2x20xf32>) outs(%5 : tensor<2xf32>) {
    ^bb0(%in: f32, %out: f32):
      %9 = arith.addf %out, %in : f32
      linalg.yield %9 : f32
    } -> tensor<2xf32>
    %7 = linalg.generic {indexing_maps = [#row, #all], iterator_types = ["parallel", "parallel"]} ins(%6 : tensor<2xf32>) outs(%all : tensor<2x20xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x20xf32>
    %8 = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel"]} ins(%4, %7 : tensor<2x20xf32>, tensor<2x20xf32>) outs(%all : tensor<2x20xf32>) {
    ^bb0(%a: f32, %b: f32, %out: f32):
      %9 = arith.divf %a, %b : f32
      linalg.yield %9 : f32
    } -> tensor<2x20xf32>
    util.return %8 : tensor<2x20xf32>
  }
}
// -----
#executable_target_cuda_nvptx_fb = #hal.executable.target<"cuda", "cuda-nvptx-fb">
#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> (d0)>
#pipeline_layout = #hal.pipeline.layout<bindings = [#hal.pipeline.binding<storage_buffer, ReadOnly>, #hal.pipeline.binding<storage_buffer>]>
module {
  hal.executable.source private @softmax_2x20 <objects = <{#executable_target_cuda_nvptx_fb = [#hal.executable.object<{path = "softmax_2x20.ptx", data = dense<"0x2E76657273696F6E20372E300A2E74617267657420736D5F38300A2E616464726573735F73697A652036340A2E65787465726E202E736861726564202E616C69676E2031303234202E6238207368617265645F6D656D6F72795B5D3B0A2E76697369626C65202E656E74727920736F66746D61785F32783230280A20202E706172616D202E7536342070302C0A20202E706172616D202E7536342070310A290A2E7265716E7469642033322C20312C20310A2E6D696E6E637461706572736D20310A7B0A20202E726567202E6236342025643C363E3B0A20202E726567202E6233322025723C31343E3B0A20202E726567202E707265642025703C313E3B0A20202E726567202E6633322025663C32323E3B0A20206C642E706172616D2E753634202564302C205B70305D3B0A2020637674612E746F2E676C6F62616C2E753634202564312C202564303B0A20206C642E706172616D2E753634202564322C205B70315D3B0A2020637674612E746F2E676C6F62616C2E753634202564332C202564323B0A20206D6F762E753332202572302C20257469642E783B0A20206D6F762E753332202572312C202563746169642E783B0A20206D756C2E6C6F2E733332202572322C202572312C2032303B0A20206164642E733332202572332C202572322C202572303B0A20206D61642E776964652E733332202564342C202572332C20342C202564313B0A20206D61642E776964652E733332202564352C202572332C20342C202564333B0A2020736574702E6C742E753332202570302C202572302C2032303B0A20206D6F762E663332202566302C20306646463830303030303B0A202040257030206C642E676C6F62616C2E6E632E663332202566302C205B2564342B305D3B0A20207368666C2E73796E632E62666C792E623332202572342C202566302C2031362C2033312C202D313B0A20206D61782E4E614E2E663332202566312C202566302C202572343B0A20207368666C2E73796E632E62666C792E623332202572352C202566312C20382C2033312C202D313B0A20206D61782E4E614E2E663332202566322C202566312C202572353B0A20207368666C2E73796E632E62666C792E623332202572362C202566322C20342C2033312C202D313B0A20206D61782E4E614E2E663332202566332C202566322C202572363B0A20207368666C2E73796E632E62666C792E623332202572372C202566332C20322C2033312C202D313B0A20206D61782E4E614E2E663332202566342C202566332C202572373B0A20207368666C2E73796E632E62666C792E623332202572382C202566342C20312C2033312C202D313B0A20206D61782E4E614E2E663332202566352C202566342C202572383B0A20207375622E726E2E663332202566362C202566302C202566353B0A20206D61782E4E614E2E663332202566372C202566362C20306643324432303030303B0A20206D696E2E4E614E2E663332202566382C202566372C20306634324432303030303B0A20206D756C2E726E2E663332202566392C202566382C20306633464238414133423B0A20206376742E726E692E6633322E66333220256631302C202566393B0A20206E65672E66333220256631312C20256631303B0A2020666D612E726E2E66333220256631322C202566382C20306633464238414133422C20256631313B0A20206578322E617070726F782E66333220256631332C20256631323B0A20206578322E617070726F782E66333220256631342C20256631303B0A20206D756C2E726E2E66333220256631352C20256631332C20256631343B0A20207368666C2E73796E632E62666C792E623332202572392C20256631352C2031362C2033312C202D313B0A20206164642E726E2E66333220256631362C20256631352C202572393B0A20207368666C2E73796E632E62666C792E62333220257231302C20256631362C20382C2033312C202D313B0A20206164642E726E2E66333220256631372C20256631362C20257231303B0A20207368666C2E73796E632E62666C792E62333220257231312C20256631372C20342C2033312C202D313B0A20206164642E726E2E66333220256631382C20256631372C20257231313B0A20207368666C2E73796E632E62666C792E62333220257231322C20256631382C20322C2033312C202D313B0A20206164642E726E2E66333220256631392C20256631382C20257231323B0A20207368666C2E73796E632E62666C792E62333220257231332C20256631392C20312C2033312C202D313B0A20206164642E726E2E66333220256632302C20256631392C20257231333B0A20206469762E726E2E66333220256632312C20256631352C20256632303B0A2020402570302073742E676C6F62616C2E663332205B2564352B305D2C20256632313B0A20207265743B0A7D0A"> : tensor<1771xi8>}>]}>> {
    hal.executable.export public @softmax_2x20 ordinal(0) layout(#pipeline_layout) count(%arg0: !hal.device) -> (index, index, index) {
      %c2 = arith.constant 2 : index
      %c1 = arith.constant 1 : index
      %c1_0 = arith.constant 1 : index
      hal.return %c2, %c1, %c1_0 : index, index, index
    } <workgroup_size = [32 : index, 1 : index, 1 : index], workgroup_local_memory = 128>
  }
  util.func public @main(%arg0: tensor<2x20xf32>) -> tensor<2x20xf32> {
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %0 = tensor.empty() : tensor<2xf32>
    %1 = tensor.empty() : tensor<2x20xf32>
    %2 = linalg.fill ins(%cst_0 : f32) outs(%0 : tensor<2xf32>) -> tensor<2xf32>
    %3 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "reduction"]} ins(%arg0 : tensor<2x20xf32>) outs(%2 : tensor<2xf32>) {
    ^bb0(%in: f32, %out: f32):
      %11 = arith.maximumf %out, %in : f32
      linalg.yield %11 : f32
    } -> tensor<2xf32>
    %4 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel"]} ins(%3 : tensor<2xf32>) outs(%1 : tensor<2x20xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x20xf32>
    %5 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0, %4 : tensor<2x20xf32>, tensor<2x20xf32>) outs(%1 : tensor<2x20xf32>) {
    ^bb0(%in: f32, %in_1: f32, %out: f32):
      %11 = arith.subf %in, %in_1 : f32
      linalg.yield %11 : f32
    } -> tensor<2x20xf32>
    %6 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%5 : tensor<2x20xf32>) outs(%1 : tensor<2x20xf32>) {
    ^bb0(%in: f32, %out: f32):
      %11 = math.exp %in : f32
      linalg.yield %11 : f32
    } -> tensor<2x20xf32>
    %7 = linalg.fill ins(%cst : f32) outs(%0 : tensor<2xf32>) -> tensor<2xf32>
    %8 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "reduction"]} ins(%6 : tensor<2x20xf32>) outs(%7 : tensor<2xf32>) {
    ^bb0(%in: f32, %out: f32):
      %11 = arith.addf %out, %in : f32
      linalg.yield %11 : f32
    } -> tensor<2xf32>
    %9 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel"]} ins(%8 : tensor<2xf32>) outs(%1 : tensor<2x20xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x20xf32>
    %10 = flow.dispatch @softmax_2x20::@softmax_2x20(%arg0) : (tensor<2x20xf32>) -> tensor<2x20xf32>
    util.return %10 : tensor<2x20xf32>
  }
}
