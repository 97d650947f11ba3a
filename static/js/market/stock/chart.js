// The chart of a stock on lightweight-charts, which is loaded when the first one is drawn.

import {coloursOf, thinned} from "#js/ui/colours.js";

const KINDS = {
  candles: "CandlestickSeries",
  baseline: "BaselineSeries",
  line: "LineSeries",
  histogram: "HistogramSeries",
};
const OVERLAY = "volume";
const INDICATOR_SHARE = 0.28; // of the price pane's height
const LEAST_REACH = 0.002; // of the price, to either side: a day that hardly moves is to look like one

/** Load the library and make a chart in an element. */
export async function makeChart(element, options) {
  return new StockChart(await import("lightweight-charts"), element, options);
}

export class StockChart {
  #library;
  #element;
  #chart = null;
  #drawn = new Map(); // by name: the series of the library, and the data it has
  #colours = {};
  #form = "";
  #view = null;
  #options;
  #marks = {key: "", lines: []};

  /** `onHover(index)` hears which bar the crosshair is on, null when on none; `locale` is that of dates. */
  constructor(library, element, {onHover, locale}) {
    this.#library = library;
    this.#element = element;
    this.#options = {onHover, locale};
  }

  /**
   * Draw series as `seriesOf` gives them; `view` is their name: another one is shown from its end, whole. `marks` are
   * lines across the prices, `[{price, title}]`.
   */
  draw(series, view, {isTimed, decimals, marks}) {
    const form = JSON.stringify([view, decimals, series.map(({name, pane}) => [name, pane])]);
    if (form !== this.#form) {
      const range = view === this.#view ? this.#chart.timeScale().getVisibleLogicalRange() : null;
      this.#form = form;
      this.#view = view;
      this.#make(series, isTimed, decimals);
      this.#fill(series);
      if (range) {
        this.#chart.timeScale().setVisibleLogicalRange(range);
      }
    } else {
      this.#fill(series);
    }
    this.#mark(marks);
  }

  /** Draw everything anew in the page's present colours. */
  recolour(series, view, facts) {
    this.#form = "";
    this.draw(series, view, facts);
  }

  /** Show the last `count` of `all` bars, or all of them with room for `count`. */
  showLast(count, all) {
    this.#chart?.timeScale().setVisibleLogicalRange({from: Math.max(-2, all - count), to: Math.max(all, count) + 1});
  }

  /** Show all bars. */
  showAll() {
    this.#chart?.timeScale().fitContent();
  }

  remove() {
    this.#chart?.remove();
    this.#chart = null;
  }

  #make(series, isTimed, decimals) {
    this.remove();
    this.#drawn.clear();
    this.#marks = {key: "", lines: []};
    const colours = coloursOf(this.#element);
    this.#colours = colours;
    this.#chart = this.#library.createChart(
      this.#element,
      chartOptions(this.#library, this.#element, colours, {
        isTimed,
        locale: this.#options.locale,
      }),
    );
    this.#chart.subscribeCrosshairMove(({logical, point}) =>
      this.#options.onHover(point && logical !== undefined ? logical : null),
    );
    for (const one of series) {
      this.#drawn.set(one.name, {series: this.#add(one, decimals), data: []});
    }
    this.#chart.panes().forEach((pane, index) => pane.setStretchFactor(index ? INDICATOR_SHARE : 1));
  }

  #add(one, decimals) {
    const kind = this.#library[KINDS[one.kind]];
    const series = this.#chart.addSeries(kind, seriesOptions(one, this.#colours, decimals), one.pane);
    if (one.isOverlay) {
      series.priceScale().applyOptions({scaleMargins: {top: 0.82, bottom: 0}});
    } else if (one.pane === 0) {
      series.priceScale().applyOptions({scaleMargins: {top: 0.08, bottom: 0.22}});
    }
    for (const price of one.levels ?? []) {
      series.createPriceLine({price, color: this.#colours.faint, lineWidth: 1, lineStyle: 2, axisLabelVisible: false});
    }
    return series;
  }

  #mark(marks) {
    const key = JSON.stringify(marks);
    if (key !== this.#marks.key) {
      const {series} = this.#drawn.get("price");
      this.#marks.lines.forEach((line) => series.removePriceLine(line));
      this.#marks = {key, lines: marks.map((mark) => this.#line(series, mark, this.#colours.accent))};
    }
  }

  #line(series, line, color = this.#colours.faint) {
    return series.createPriceLine({...line, color, lineWidth: 1, lineStyle: 2, axisLabelVisible: true});
  }

  /** Let the line of a day lie around the previous close, which is the middle of its scale. */
  #rebase(drawn, base) {
    const {series} = drawn;
    if (drawn.line) {
      series.removePriceLine(drawn.line);
    }
    drawn.base = base;
    drawn.line = this.#line(series, {price: base});
    series.applyOptions({
      baseValue: {type: "price", price: base},
      autoscaleInfoProvider: (original) => {
        const range = original()?.priceRange;
        const reach = range && Math.max(range.maxValue - base, base - range.minValue, base * LEAST_REACH);
        return range && {priceRange: {minValue: base - reach, maxValue: base + reach}};
      },
    });
  }

  /** Give each series its data; one that only went on at its end gets that alone, and the view stays where it is. */
  #fill(series) {
    for (const {name, data, base} of series) {
      const drawn = this.#drawn.get(name);
      const coloured = data.map((point) =>
        point.role ? {...point, color: thinned(this.#colours[point.role], 0.55)} : point,
      );
      if (base && drawn.base !== base) {
        this.#rebase(drawn, base);
      }
      if (goesOn(drawn.data, coloured)) {
        coloured.slice(drawn.data.length - 1).forEach((point) => drawn.series.update(point));
      } else {
        drawn.series.setData(coloured);
      }
      drawn.data = coloured;
    }
  }
}

function goesOn(old, now) {
  const end = old.length - 1;
  return (
    end >= 0 &&
    now.length >= old.length &&
    now.length <= old.length + 2 &&
    same(old[0], now[0]) &&
    same(old[end], now[end])
  );
}

const same = (one, other) => one.time === other.time;

function chartOptions({CrosshairMode}, element, colours, {isTimed, locale}) {
  const line = {color: colours.faint, width: 1, style: 3, labelBackgroundColor: colours.faint};
  return {
    autoSize: true,
    layout: {
      attributionLogo: false, // its notice and link stand under the chart
      background: {type: "solid", color: "transparent"},
      textColor: colours.faint,
      fontFamily: getComputedStyle(element).fontFamily,
      fontSize: 11,
      panes: {separatorColor: colours.line, separatorHoverColor: colours.line, enableResize: false},
    },
    grid: {vertLines: {visible: false}, horzLines: {color: thinned(colours.line, 0.6)}},
    crosshair: {mode: CrosshairMode.Normal, vertLine: line, horzLine: line},
    rightPriceScale: {borderVisible: false},
    timeScale: {
      borderColor: colours.line,
      timeVisible: isTimed,
      secondsVisible: false,
      rightOffset: 2,
      minBarSpacing: 0.3,
    },
    localization: {locale, dateFormat: "yyyy-MM-dd"},
    handleScroll: {vertTouchDrag: false}, // a finger that goes up or down scrolls the page
  };
}

function seriesOptions({kind, role, isOverlay, base}, colours, decimals) {
  const {up, down} = colours;
  const common = {priceLineVisible: false, lastValueVisible: false};
  const format = {type: "price", precision: decimals, minMove: 10 ** -decimals};
  switch (kind) {
    case "candles":
      return {
        priceFormat: format,
        upColor: up,
        downColor: down,
        borderUpColor: up,
        borderDownColor: down,
        wickUpColor: up,
        wickDownColor: down,
      };
    case "baseline":
      return {
        priceFormat: format,
        lineWidth: 2,
        baseValue: {type: "price", price: base ?? 0},
        ...baselineColours(up, down),
      };
    case "histogram":
      return {
        ...common,
        ...(isOverlay ? {priceScaleId: OVERLAY, priceFormat: {type: "volume"}} : {priceFormat: format}),
      };
    default:
      return {...common, priceFormat: format, color: colours[role], lineWidth: 1, crosshairMarkerVisible: false};
  }
}

const baselineColours = (up, down) => ({
  topLineColor: up,
  topFillColor1: thinned(up, 0.22),
  topFillColor2: thinned(up, 0.02),
  bottomLineColor: down,
  bottomFillColor1: thinned(down, 0.02),
  bottomFillColor2: thinned(down, 0.22),
});
