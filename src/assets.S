# The files of the pages as they are, between NAME_begin and NAME_end. The folders where they
# are looked for stand in src/CMakeLists.txt.
    .macro asset name, path
    .global larder_\name\()_begin, larder_\name\()_end
larder_\name\()_begin:
    .incbin "\path"
larder_\name\()_end:
    .endm

    .section .rodata
    asset docs_html, "docs.html"
    asset docs_js, "docs.js"
    asset docs_css, "docs.css"
    asset redoc_html, "redoc.html"
    asset redoc_js, "redoc.js"
    asset swagger_ui_css, "swagger-ui-dist/swagger-ui.css"
    asset swagger_ui_js, "swagger-ui-dist/swagger-ui-bundle.js"
    asset redoc_standalone_js, "redoc/bundles/redoc.standalone.js"
    asset swagger_ui_css_gz, "swagger-ui.css.gz"
    asset swagger_ui_js_gz, "swagger-ui-bundle.js.gz"
    asset redoc_standalone_js_gz, "redoc.standalone.js.gz"
    asset dashboard_html, "dashboard.html"
    asset dashboard_js, "dashboard.mjs"
    asset figures_js, "figures.mjs"
    asset dashboard_css, "dashboard.css"
    asset uplot_css, "uplot/dist/uPlot.min.css"
    asset uplot_js, "uplot/dist/uPlot.iife.min.js"
    asset uplot_css_gz, "uPlot.min.css.gz"
    asset uplot_js_gz, "uPlot.iife.min.js.gz"

    .section .note.GNU-stack, "", %progbits
